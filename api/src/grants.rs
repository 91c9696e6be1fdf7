//! Grants: which users and groups may do what with which sessions.
//!
//! A grant is given and withdrawn by events of one stream ([`StreamName::grants`]). [`GrantBook`] is the set of
//! grants as of the end of the log: small, so each process folds the stream in memory and reads on before it answers.
//! A grant that is given, withdrawn or over is so for the next question that anybody asks, whoever is signed in.
//!
//! Users and groups are names that a provider of identities vouches for ([`crate::oidc`]); they are compared letter
//! by letter. What a token opens stands in the token ([`crate::tokens`]), not here.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use retrace_core::access::{Grant, Role, Scope, ScopeError, Sight};
use retrace_core::event::{Event, EventBatch, EventBody, EventError, GrantGiven, GrantWithdrawn};
use retrace_core::log::cursor::StreamCursor;
use retrace_core::log::{EventLog, StoreError};
use retrace_core::{Position, StreamName, Timestamp};
use tokio::sync::Mutex;

use crate::accesses::{AccessError, append_at_end};

const ID_BYTES: usize = 6;
/// The most characters in a name, and in a reason.
const NAME_CHARS_MAX: usize = 200;
const REASON_CHARS_MAX: usize = 2_000;

/// Who a grant is for: `user:{name}` or `group:{name}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The user of this name.
    User(String),
    /// All users who are in the group of this name.
    Group(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "user:{name}"),
            Self::Group(name) => write!(f, "group:{name}"),
        }
    }
}

/// Text that names nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found:?} is no receiver of a grant, expected `user:NAME` or `group:NAME` with a name of 1 to 200 characters"
)]
pub struct NoSubject {
    found: String,
}

impl FromStr for Subject {
    type Err = NoSubject;

    fn from_str(text: &str) -> Result<Self, NoSubject> {
        let no_subject = || NoSubject {
            found: text.chars().take(NAME_CHARS_MAX).collect(),
        };
        let (kind, name) = text.split_once(':').ok_or_else(no_subject)?;
        if !is_name(name) {
            return Err(no_subject());
        }
        match kind {
            "user" => Ok(Self::User(name.to_owned())),
            "group" => Ok(Self::Group(name.to_owned())),
            _ => Err(no_subject()),
        }
    }
}

/// Whether a text can be the name of a user or a group.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=NAME_CHARS_MAX).contains(&name.chars().count())
        && name.trim() == name
        && !name.chars().any(char::is_control)
}

/// A grant as the log knows it.
#[derive(Debug, Clone)]
pub struct Given {
    /// Its id.
    pub id: String,
    /// Who has it.
    pub to: Subject,
    /// What may be done.
    pub role: Role,
    /// With which sessions.
    pub scope: Scope,
    /// When it was given, by the server's clock.
    pub at: Timestamp,
    /// Where that stands in the log.
    pub position: Position,
    /// Who gave it.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// When it ends by itself, if ever.
    pub expires_at: Option<Timestamp>,
    /// When and by whom it was taken back, if it was.
    pub withdrawn: Option<Withdrawn>,
}

/// How a grant was taken back.
#[derive(Debug, Clone)]
pub struct Withdrawn {
    /// When, by the server's clock.
    pub at: Timestamp,
    /// Where that stands in the log.
    pub position: Position,
    /// Who took it back.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
}

impl Given {
    /// Whether it was in force at a time.
    #[must_use]
    pub fn holds_at(&self, time: Timestamp) -> bool {
        self.at <= time
            && self.expires_at.is_none_or(|end| time < end)
            && self.withdrawn.as_ref().is_none_or(|end| time < end.at)
    }

    /// Whether it was in force once the event at a position, of this time, stood in the log.
    fn holds_after(&self, position: Position, time: Timestamp) -> bool {
        self.position <= position
            && self.expires_at.is_none_or(|end| time < end)
            && self
                .withdrawn
                .as_ref()
                .is_none_or(|end| position < end.position)
    }
}

/// When.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// At a time, by the server's clock.
    Time(Timestamp),
    /// Once the event at this position stood in the log.
    Position(Position),
}

/// A grant that is to be given.
#[derive(Debug, Clone)]
pub struct NewGrant {
    /// To whom.
    pub to: Subject,
    /// What may be done.
    pub role: Role,
    /// With which sessions.
    pub scope: Scope,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// Why.
    pub reason: Option<String>,
}

/// Why a grant could not be given or withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// There is no such grant.
    #[error("there is no grant with the id `{id}`: `retrace grant list` shows all")]
    NoSuchGrant {
        /// The id that was given.
        id: String,
    },
    /// It was withdrawn before.
    #[error("the grant `{id}` was withdrawn at {at}")]
    AlreadyWithdrawn {
        /// The id of the grant.
        id: String,
        /// When.
        at: Timestamp,
    },
    /// The role is not one of people.
    #[error("the role `{0}` is for tokens only, expected one of people")]
    NotForPeople(Role),
    /// The scope is not one that can be granted.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// It would have ended before it began.
    #[error("the grant would have ended at {0} already")]
    Over(Timestamp),
    /// The reason is too long.
    #[error("the reason has {found} characters, expected 1 to 2000")]
    Reason {
        /// How many characters it has.
        found: usize,
    },
    /// The system has no randomness to give.
    #[error("no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// The log did not take it.
    #[error(transparent)]
    Append(#[from] AccessError),
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The event could not be written.
    #[error(transparent)]
    Event(#[from] EventError),
}

/// All grants of a log, as of the last time somebody looked.
pub struct GrantBook {
    log: Arc<dyn EventLog>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    cursor: StreamCursor,
    folded: Folded,
}

#[derive(Default)]
struct Folded {
    grants: BTreeMap<Position, Given>,
    places: HashMap<String, Position>,
    /// Those that were not withdrawn, by who has them.
    held: HashMap<Subject, Vec<Position>>,
}

impl GrantBook {
    /// The grants of `log`. Nothing is read yet.
    pub fn new(log: Arc<dyn EventLog>) -> Self {
        Self {
            log,
            state: Mutex::default(),
        }
    }

    /// Gives a grant.
    ///
    /// # Errors
    /// When it is not one that can be given, or the log does not take it.
    pub async fn give(&self, grant: NewGrant, by: &str) -> Result<Given, GrantError> {
        let NewGrant {
            to,
            role,
            scope,
            expires_at,
            reason,
        } = grant;
        if !role.reads() {
            return Err(GrantError::NotForPeople(role));
        }
        scope.check()?;
        check_reason(reason.as_deref())?;
        let now = Timestamp::now();
        if let Some(end) = expires_at.filter(|end| *end <= now) {
            return Err(GrantError::Over(end));
        }
        let mut id = [0; ID_BYTES];
        getrandom::fill(&mut id)?;
        let id = hex::encode(id);
        let given = GrantGiven {
            by: by.to_owned(),
            expires_at,
            id: id.clone(),
            reason,
            role,
            scope,
            to: to.to_string(),
        };
        self.append(given.into()).await?;
        self.find(&id).await
    }

    /// Takes a grant back.
    ///
    /// # Errors
    /// When there is no such grant, it was withdrawn before, or the log does not take it.
    pub async fn withdraw(
        &self,
        id: &str,
        reason: Option<String>,
        by: &str,
    ) -> Result<Given, GrantError> {
        check_reason(reason.as_deref())?;
        if let Some(withdrawn) = self.find(id).await?.withdrawn {
            return Err(GrantError::AlreadyWithdrawn {
                id: id.to_owned(),
                at: withdrawn.at,
            });
        }
        let withdrawn = GrantWithdrawn {
            by: by.to_owned(),
            id: id.to_owned(),
            reason,
        };
        self.append(withdrawn.into()).await?;
        self.find(id).await
    }

    /// One grant, in force or not.
    ///
    /// # Errors
    /// When there is none with this id, or the log cannot be read.
    pub async fn find(&self, id: &str) -> Result<Given, GrantError> {
        let state = self.read_on().await?;
        let found = state.folded.places.get(id);
        let found = found.and_then(|place| state.folded.grants.get(place));
        found
            .cloned()
            .ok_or_else(|| GrantError::NoSuchGrant { id: id.to_owned() })
    }

    /// All grants that were ever given, the oldest first.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn list(&self) -> Result<Vec<Given>, StoreError> {
        let state = self.read_on().await?;
        Ok(state.folded.grants.values().cloned().collect())
    }

    /// The grants that were in force then, the oldest first.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn in_force(&self, as_of: AsOf) -> Result<Vec<Given>, StoreError> {
        let mut grants = self.list().await?;
        match as_of {
            AsOf::Time(time) => grants.retain(|grant| grant.holds_at(time)),
            AsOf::Position(position) => {
                let there = self.log.read(position, 1).await?;
                let time = there
                    .first()
                    .map_or_else(Timestamp::now, Event::recorded_at);
                grants.retain(|grant| grant.holds_after(position, time));
            }
        }
        Ok(grants)
    }

    /// What a user of these groups may see and do now.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn sight_of(&self, user: &str, groups: &[String]) -> Result<Sight, StoreError> {
        let now = Timestamp::now();
        self.sight(user, groups, |end| now < end).await
    }

    /// What a user of these groups may see and do now, and still will at a later time unless it is withdrawn; without
    /// one, for ever.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn sight_until(
        &self,
        user: &str,
        groups: &[String],
        until: Option<Timestamp>,
    ) -> Result<Sight, StoreError> {
        let now = Timestamp::now();
        let lasts = |end| now < end && until.is_some_and(|until| until <= end);
        self.sight(user, groups, lasts).await
    }

    /// `lasts` says of the end of a grant whether it comes late enough.
    async fn sight(
        &self,
        user: &str,
        groups: &[String],
        lasts: impl Fn(Timestamp) -> bool,
    ) -> Result<Sight, StoreError> {
        let state = self.read_on().await?;
        let Folded { grants, held, .. } = &state.folded;
        let subjects = std::iter::once(Subject::User(user.to_owned()))
            .chain(groups.iter().cloned().map(Subject::Group));
        let grants = subjects
            .filter_map(|subject| held.get(&subject))
            .flatten()
            .filter_map(|place| grants.get(place))
            .filter(|grant| grant.expires_at.is_none_or(&lasts))
            .map(|grant| Grant {
                role: grant.role,
                scope: grant.scope.clone(),
            })
            .collect();
        Ok(Sight::new(vec![user.to_owned()], grants))
    }

    async fn append(&self, body: EventBody) -> Result<(), GrantError> {
        let events = EventBatch::of(Timestamp::now(), body)?;
        append_at_end(&*self.log, StreamName::grants(), events).await?;
        Ok(())
    }

    async fn read_on(&self) -> Result<tokio::sync::MutexGuard<'_, State>, StoreError> {
        let mut state = self.state.lock().await;
        let State { cursor, folded } = &mut *state;
        let apply = |event: &Event| folded.apply(event);
        cursor
            .read_on(&*self.log, &StreamName::grants(), apply)
            .await?;
        Ok(state)
    }
}

fn check_reason(reason: Option<&str>) -> Result<(), GrantError> {
    let found = reason.map_or(1, |reason| reason.chars().count());
    if (1..=REASON_CHARS_MAX).contains(&found) {
        Ok(())
    } else {
        Err(GrantError::Reason { found })
    }
}

impl Folded {
    fn apply(&mut self, event: &Event) {
        let position = event.position();
        match event.body() {
            Ok(EventBody::GrantGiven(given)) => self.give(given, event),
            Ok(EventBody::GrantWithdrawn(withdrawn)) => self.withdraw(withdrawn, event),
            Ok(_) => {}
            // What cannot be read gives nothing.
            Err(error) => tracing::error!(%position, %error, "unreadable grant"),
        }
    }

    fn give(&mut self, given: GrantGiven, event: &Event) {
        let (position, at) = (event.position(), event.recorded_at());
        let to: Subject = match given.to.parse() {
            Ok(to) => to,
            Err(error) => return tracing::error!(%position, %error, "a grant to nobody"),
        };
        // The first of an id is the one: ids are random, and a second is somebody's mistake.
        if self.places.contains_key(&given.id) {
            return;
        }
        self.places.insert(given.id.clone(), position);
        self.held.entry(to.clone()).or_default().push(position);
        let given = Given {
            id: given.id,
            to,
            role: given.role,
            scope: given.scope,
            at,
            position,
            by: given.by,
            reason: given.reason,
            expires_at: given.expires_at,
            withdrawn: None,
        };
        self.grants.insert(position, given);
    }

    fn withdraw(&mut self, withdrawn: GrantWithdrawn, event: &Event) {
        let place = self.places.get(&withdrawn.id).copied();
        let Some(given) = place.and_then(|place| self.grants.get_mut(&place)) else {
            return;
        };
        given.withdrawn.get_or_insert(Withdrawn {
            at: event.recorded_at(),
            position: event.position(),
            by: withdrawn.by,
            reason: withdrawn.reason,
        });
        if let Some(held) = self.held.get_mut(&given.to) {
            held.retain(|held| Some(*held) != place);
        }
    }
}

#[cfg(test)]
mod tests {
    use retrace_core::access::Right;
    use retrace_core::data_dir::DataDir;

    use super::*;

    async fn book() -> (GrantBook, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let log = DataDir::new(dir.path()).open_or_create_log().await.unwrap();
        (GrantBook::new(Arc::new(log)), dir)
    }

    fn grant(to: &str, role: Role) -> NewGrant {
        NewGrant {
            to: to.parse().unwrap(),
            role,
            scope: Scope::everything(),
            expires_at: None,
            reason: None,
        }
    }

    fn texts(values: &[&str]) -> Vec<String> {
        values.iter().map(|&value| value.to_owned()).collect()
    }

    #[tokio::test]
    async fn a_grant_holds_from_when_it_is_given_until_it_is_withdrawn_in_every_process() {
        let (book, _dir) = book().await;
        let other = GrantBook::new(Arc::clone(&book.log));
        let groups = texts(&["dba", "linux"]);
        let sees = async |right| {
            let sight = other.sight_of("alice", &groups).await.unwrap();
            sight.may(right)
        };
        assert!(!sees(Right::ViewSessions).await);
        let first = book.give(grant("group:dba", Role::History), "mara").await;
        let first = first.unwrap();
        assert!(sees(Right::ViewSessions).await && !sees(Right::ViewRecordings).await);
        let second = book.give(grant("user:alice", Role::Auditor), "mara").await;
        let second = second.unwrap();
        assert!(sees(Right::ViewRecordings).await);
        assert_eq!(other.sight_of("Alice", &[]).await.unwrap().grants(), []);

        book.withdraw(&second.id, Some("left".to_owned()), "jo")
            .await
            .unwrap();
        assert!(sees(Right::ViewSessions).await && !sees(Right::ViewRecordings).await);
        let again = other.withdraw(&second.id, None, "jo").await;
        assert!(matches!(again, Err(GrantError::AlreadyWithdrawn { .. })));
        let unknown = other.withdraw("x", None, "jo").await;
        assert!(matches!(unknown, Err(GrantError::NoSuchGrant { .. })));

        let held = |grants: Vec<Given>| -> Vec<String> {
            grants.into_iter().map(|grant| grant.id).collect()
        };
        let withdrawn = other.find(&second.id).await.unwrap().withdrawn.unwrap();
        assert_eq!(withdrawn.by, "jo");
        for (as_of, want) in [
            (AsOf::Position(Position(0)), vec![first.id.clone()]),
            (
                AsOf::Position(second.position),
                vec![first.id.clone(), second.id.clone()],
            ),
            (AsOf::Position(withdrawn.position), vec![first.id.clone()]),
            (
                AsOf::Time(second.at),
                vec![first.id.clone(), second.id.clone()],
            ),
            (AsOf::Time(withdrawn.at), vec![first.id.clone()]),
            (AsOf::Time(first.at.saturating_add_micros(-1)), vec![]),
        ] {
            let found = held(other.in_force(as_of).await.unwrap());
            assert_eq!(found, want, "{as_of:?}");
        }
    }

    #[tokio::test]
    async fn a_grant_ends_by_itself_and_does_not_reach_beyond_its_end() {
        let (book, _dir) = book().await;
        let soon = Timestamp::now().saturating_add_micros(500_000);
        let short = NewGrant {
            expires_at: Some(soon),
            ..grant("user:bob", Role::Admin)
        };
        book.give(short.clone(), "mara").await.unwrap();
        let may = async || {
            let sight = book.sight_of("bob", &[]).await.unwrap();
            sight.may(Right::ManageAccess)
        };
        let may_until = async |until| {
            let sight = book.sight_until("bob", &[], until).await.unwrap();
            sight.may(Right::ManageAccess)
        };
        assert!(may().await && may_until(Some(soon)).await);
        assert!(!may_until(Some(soon.saturating_add_micros(1))).await);
        assert!(!may_until(None).await);
        tokio::time::sleep(std::time::Duration::from_millis(600)).await;
        assert!(!may().await && !may_until(Some(soon)).await);
        assert!(matches!(
            book.give(short, "mara").await,
            Err(GrantError::Over(_))
        ));
    }

    #[tokio::test]
    async fn what_cannot_be_granted_is_refused_with_its_reason() {
        let (book, _dir) = book().await;
        let wrong = book.give(grant("user:x", Role::Recorder), "mara").await;
        assert!(matches!(wrong, Err(GrantError::NotForPeople(_))));
        for text in ["alice", "user:", "team:x", "user: x", "group:a\nb", ""] {
            assert!(text.parse::<Subject>().is_err(), "{text:?}");
        }
        let subject: Subject = "group:CN=dba,OU=x:y".parse().unwrap();
        assert_eq!(subject.to_string(), "group:CN=dba,OU=x:y");
    }
}
