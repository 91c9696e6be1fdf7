//! The rules that hold for each session: those that were in force when it began.

use std::sync::{Arc, Mutex, PoisonError};

use retrace_core::Position;
use retrace_core::log::{EventLog, StoreError};
use retrace_core::settings::{Redaction, SettingsTimeline};
use tokio::runtime::Handle;

use super::Rules;

/// How many different rules are kept compiled.
const KNOWN_MAX: usize = 16;

/// Settings, and the rules that they make.
type Known = (Redaction, Arc<Rules>);

/// Rules that were compiled, by the settings that make them. Cheap to clone; clones share them.
#[derive(Debug, Clone, Default)]
pub struct CompiledRules {
    known: Arc<Mutex<Vec<Known>>>,
}

impl CompiledRules {
    /// The rules that the settings make.
    #[must_use]
    pub fn of(&self, settings: &Redaction) -> Arc<Rules> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, rules)) = known.iter().find(|(of, _)| of == settings) {
            return Arc::clone(rules);
        }
        let rules = Arc::new(Rules::new(settings));
        if known.len() >= KNOWN_MAX {
            known.remove(0);
        }
        known.push((settings.clone(), Arc::clone(&rules)));
        rules
    }
}

/// Reads from the log which rules hold for a session.
pub(crate) struct RulesBook {
    log: Arc<dyn EventLog>,
    runtime: Handle,
    timeline: Mutex<SettingsTimeline>,
    compiled: CompiledRules,
}

impl RulesBook {
    pub(crate) fn new(log: Arc<dyn EventLog>, runtime: Handle) -> Self {
        Self {
            log,
            runtime,
            timeline: Mutex::default(),
            compiled: CompiledRules::default(),
        }
    }

    /// The settings for a session whose first event is at a position. Blocks.
    pub(crate) fn settings_of(&self, begun: Position) -> Result<Redaction, StoreError> {
        let mut timeline = self.timeline.lock().unwrap_or_else(PoisonError::into_inner);
        let settings = self.runtime.block_on(timeline.as_of(&*self.log, begun))?;
        Ok(settings.redaction.clone())
    }

    /// The rules for a session whose first event is at a position. Blocks.
    pub(crate) fn rules_of(&self, begun: Position) -> Result<Arc<Rules>, StoreError> {
        Ok(self.compiled.of(&self.settings_of(begun)?))
    }

    /// The rules that settings make.
    pub(crate) fn compiled(&self, settings: &Redaction) -> Arc<Rules> {
        self.compiled.of(settings)
    }
}
