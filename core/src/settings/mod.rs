//! The settings of the server, kept in the log.
//!
//! A change is a `config.changed` event in the stream `settings/server`, so that who changed what,
//! when, and what was in force while a session was recorded can be told for ever. What was never
//! changed has its default. Three parts:
//!
//! - the registry below: name, kind, default, allowed values and help of each setting, once;
//! - [`Settings`]: their values, typed, as of one moment;
//! - [`SettingsBook`]: reads them from the log, and changes them.
//!
//! Values that come from the log are checked as those that people give are: what another version
//! allowed and this one does not is not in force, and settings that this version does not know
//! are kept and ignored.

mod book;
mod kind;
mod network;
mod retention;
mod timeline;

pub use book::{Change, SetError, SettingsBook};
pub use kind::{Kind, Value, expression, show_seconds};
pub use network::Networks;
pub use retention::RetentionRules;
pub use timeline::SettingsTimeline;

use std::borrow::Cow;

use kind::Typed;
use serde_json::Value as Json;

/// What a setting is.
#[derive(Debug)]
pub struct Definition {
    /// Its name: `group.setting`.
    pub name: &'static str,
    /// What it may be.
    pub kind: Kind,
    help: &'static str,
}

/// Settings that belong together.
#[derive(Debug)]
pub struct Group {
    /// Its name: what its settings' names begin with.
    pub name: &'static str,
    help: &'static str,
}

impl Group {
    /// What its settings are about, in one line.
    pub fn help(&self) -> &'static str {
        self.help.trim()
    }
}

/// Why a setting cannot have a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// This version has no such setting.
    #[error("there is no setting `{name}`: `retrace settings list` shows all")]
    Unknown {
        /// The name that was given.
        name: String,
    },
    /// It may not have that value.
    #[error("`{name}` is {found}, expected {expected}")]
    Invalid {
        /// The name of the setting.
        name: &'static str,
        /// The value that was given.
        found: String,
        /// What it may be.
        expected: Kind,
    },
}

macro_rules! settings {
    ($(
        $(#[doc = $group_help:literal])+
        $group:ident: $Group:ident {
            $(
                $(#[doc = $help:literal])+
                $setting:ident: $type:ty = $default:expr, $kind:expr;
            )+
        }
    )+) => {
        $(
            $(#[doc = $group_help])+
            #[derive(Debug, Clone, PartialEq, Eq)]
            pub struct $Group {
                $(
                    $(#[doc = $help])+
                    pub $setting: $type,
                )+
            }

            impl Default for $Group {
                fn default() -> Self {
                    Self { $($setting: $default,)+ }
                }
            }
        )+

        /// The values of all settings, as of one moment.
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct Settings {
            $(
                $(#[doc = $group_help])+
                pub $group: $Group,
            )+
        }

        /// All settings, in the order in which they are listed.
        pub const REGISTRY: &[Definition] = &[
            $($(
                Definition {
                    name: concat!(stringify!($group), ".", stringify!($setting)),
                    kind: $kind,
                    help: concat!($($help),+),
                },
            )+)+
        ];

        /// All groups, in the order in which they are listed.
        pub const GROUPS: &[Group] = &[
            $(
                Group {
                    name: stringify!($group),
                    help: concat!($($group_help),+),
                },
            )+
        ];

        impl Settings {
            /// The value of a setting.
            pub fn value(&self, definition: &Definition) -> Value {
                match definition.name {
                    $($(
                        concat!(stringify!($group), ".", stringify!($setting)) => {
                            self.$group.$setting.value()
                        }
                    )+)+
                    other => unreachable!("`{other}` is not in the registry"),
                }
            }

            /// Takes a value that has been checked.
            fn put(&mut self, definition: &Definition, value: &Value) {
                match definition.name {
                    $($(
                        concat!(stringify!($group), ".", stringify!($setting)) => {
                            if let Some(value) = Typed::of(value) {
                                self.$group.$setting = value;
                            }
                        }
                    )+)+
                    other => unreachable!("`{other}` is not in the registry"),
                }
            }
        }
    };
}

/// A line that asks for a secret. One with a shell's prompt in it does not: there, a command is typed.
const SECRET_FIELDS: &str = "password, passwd, passphrase, secret, token, api_key, access_key";
const PROMPTS: &str = "(?i)^[^$#%>]*\\b(password|passwort|passphrase|passcode|pin|otp|token|secret|api key|\
    verification code|one-time code)\\b[^$#%>]*: ?$";

/// The longest that a browser can stay signed in.
pub const SIGN_IN_SECONDS_MAX: u64 = 30 * 86_400;

/// A hundred years: longer than anything is kept.
const SECONDS_MAX: u64 = 100 * 366 * 86_400;

settings! {
    /// What is taken in from recorders.
    ingest: Ingest {
        /// The largest batch of events, packed and unpacked.
        batch_bytes_max: u64 = 8 << 20, Kind::Bytes { min: 64 << 10, max: 1 << 30 };
        /// The most events in a batch.
        batch_events_max: u64 = 10_000, Kind::Count { min: 1, max: 1_000_000 };
        /// The largest blob (a segment of video, a screenshot).
        blob_bytes_max: u64 = 64 << 20, Kind::Bytes { min: 64 << 10, max: 16 << 30 };
        /// How many times its packed size a body may have when it is unpacked.
        expansion_ratio_max: u64 = 200, Kind::Count { min: 1, max: 100_000 };
        /// The most events that a session may send in a second; 0 is no limit.
        session_events_per_second: u64 = 0, Kind::Count { min: 0, max: 100_000_000 };
        /// The most that is being taken in at any moment, from all recorders together.
        bytes_in_flight_max: u64 = 256 << 20, Kind::Bytes { min: 1 << 20, max: 1 << 40 };
        /// The longest that a body may take to arrive.
        body_seconds_max: u64 = 60, Kind::Seconds { min: 1, max: 86_400 };
        /// With less space than this on the log's disk, no session is promised to be recorded.
        free_space_min: u64 = 500_000_000, Kind::Bytes { min: 0, max: 1 << 50 };
        /// For how many days an upload token works.
        upload_token_days: u64 = 30, Kind::Count { min: 1, max: 3_650 };
    }
    /// What holds for sessions that are launched.
    policy: Policy {
        /// Whether a session may run only when its recording can be promised.
        recording_required: bool = false, Kind::Boolean;
        /// Whether keystrokes are recorded.
        record_keys: bool = true, Kind::Boolean;
        /// A session ends itself when the server is unreachable for so long (10 s is a good value);
        /// 0 is never.
        end_when_unreachable_s: u64 = 0, Kind::Seconds { min: 0, max: SECONDS_MAX };
        /// The longest that a session may last; 0 is no limit.
        max_length_s: u64 = 86_400, Kind::Seconds { min: 0, max: SECONDS_MAX };
        /// A session ends when nothing is typed for so long; 0 is never.
        inactivity_s: u64 = 0, Kind::Seconds { min: 0, max: SECONDS_MAX };
        /// How long before it ends for inactivity the user is warned; 0 is no warning.
        idle_warning_s: u64 = 300, Kind::Seconds { min: 0, max: SECONDS_MAX };
        /// How long after one of these limits the server asks a recorder to end a session that is still there.
        enforce_after_s: u64 = 60, Kind::Seconds { min: 0, max: 86_400 };
        /// Whether whoever ends a session, sends a message or changes its policy has to say why.
        reason_required: bool = false, Kind::Boolean;
    }
    /// Who follows what goes on, over WebSocket.
    live: Live {
        /// The most connections that follow at once, to one node.
        connections_max: u64 = 1_000, Kind::Count { min: 0, max: 1_000_000 };
        /// The most connections that one viewer may have to one node.
        connections_per_viewer: u64 = 20, Kind::Count { min: 1, max: 1_000_000 };
        /// The most subscriptions on one connection.
        subscriptions_max: u64 = 50, Kind::Count { min: 1, max: 10_000 };
    }
    /// What is built of pictures and video.
    video: Video {
        /// Whether an MP4 is built only when somebody asks for it; else one is built of every session.
        on_demand: bool = true, Kind::Boolean;
        /// What pictures (screenshots, Guacamole dumps) are encoded as; an MP4 is always H.264.
        codec: Cow<'static, str> = Cow::Borrowed("vp9"), Kind::Choice(&["vp9", "h264"]);
        /// How many bits a second a video may have on average; 0 is constant quality.
        bitrate: u64 = 0, Kind::Count { min: 0, max: 100_000_000 };
        /// The most frames a second in a video that is encoded; 0 is as many as were captured.
        frame_rate: u64 = 10, Kind::Count { min: 0, max: 60 };
        /// The most pixels from left to right in a video that is encoded; 0 is as many as were captured.
        width: u64 = 0, Kind::Count { min: 0, max: 16_384 };
        /// The most pixels from top to bottom in a video that is encoded; 0 is as many as were captured.
        height: u64 = 0, Kind::Count { min: 0, max: 16_384 };
        /// How many videos a node works on at once; each takes about one core.
        queue: u64 = 1, Kind::Count { min: 1, max: 64 };
        /// Which hardware encodes H.264; what is not there is done without.
        hardware: Cow<'static, str> = Cow::Borrowed("any"),
            Kind::Choice(&["none", "any", "nvenc", "vaapi", "qsv"]);
    }
    /// What sudo records straight into the log.
    sudo: Sudo {
        /// How long a recording whose connection broke is held open for a sender that goes on with it.
        resume_within_s: u64 = 300, Kind::Seconds { min: 1, max: 30 * 86_400 };
    }
    /// How looks at recordings are written down.
    access: Access {
        /// Whether whoever looks at a recording has to say why.
        reason_required: bool = false, Kind::Boolean;
        /// For how long further looks of the same person at the same thing are counted into one event.
        fold_s: u64 = 600, Kind::Seconds { min: 1, max: 86_400 };
    }
    /// How the API answers.
    api: Api {
        /// Whether GraphQL tells its schema to whoever has a token; tools for writing queries need it.
        introspection: bool = true, Kind::Boolean;
    }
    /// How much a question in SQL may cost.
    sql: Sql {
        /// The longest that it may take, waiting for others included.
        time_s: u64 = 20, Kind::Seconds { min: 1, max: 300 };
        /// The most memory that it may need.
        memory_max: u64 = 256 << 20, Kind::Bytes { min: 16 << 20, max: 64 << 30 };
        /// The most rows that its answer may have.
        rows_max: u64 = 1_000_000, Kind::Count { min: 1, max: 1_000_000_000 };
        /// The largest answer, in memory.
        answer_bytes_max: u64 = 128 << 20, Kind::Bytes { min: 1 << 20, max: 16 << 30 };
    }
    /// Which sessions are to be reviewed.
    review: Review {
        /// Of a hundred sessions, how many are put into the review queue when they are launched.
        sample_percent: u64 = 0, Kind::Count { min: 0, max: 100 };
        /// The same for sessions under certain policies, such as `pci=100, lab=1`.
        sample_by_policy: Cow<'static, str> = Cow::Borrowed(""), Kind::Text { characters_max: 2_000 };
    }
    /// What is hidden from readers until they reveal it; holds for sessions that begin from then on.
    redaction: Redaction {
        /// Whether what is typed while the terminal shows nothing of it is hidden.
        unechoed: bool = true, Kind::Boolean;
        /// Prompts, as the line up to the cursor: what is typed at them is hidden, shown or not.
        prompts: Cow<'static, str> = Cow::Borrowed(PROMPTS), Kind::Expression { characters_max: 2_000 };
        /// Whether private keys, known kinds of tokens, and passwords in commands and addresses are hidden in text.
        known_secrets: bool = true, Kind::Boolean;
        /// Secret fields, divided by commas: what follows as in `password=…`, `"api_key": "…"`, `--token …` is hidden in text.
        fields: Cow<'static, str> = Cow::Borrowed(SECRET_FIELDS), Kind::Text { characters_max: 1_000 };
        /// What else is hidden in text; of an expression with groups, only these.
        patterns: Cow<'static, str> = Cow::Borrowed(""), Kind::Expression { characters_max: 8_000 };
    }
    /// How long what was recorded is kept.
    retention: Retention {
        /// How long a session is kept after the server took in the last of it, then it is purged; 0 is for ever.
        keep_s: u64 = 0, Kind::Seconds { min: 0, max: SECONDS_MAX };
        /// Other times for some sessions; the first that fits: `7d site:lab; 400d folder:"PCI/Cards" group:dba; 0 user:root`.
        exceptions: Cow<'static, str> = Cow::Borrowed(""), Kind::Retention;
        /// How long after a change of the two above nothing is purged that would not have been before, so that it can be undone.
        grace_s: u64 = 86_400, Kind::Seconds { min: 0, max: 366 * 86_400 };
    }
    /// How the server is reached.
    server: Server {
        /// Where people find it, as their browsers show it; nothing is what each request says.
        public_url: Cow<'static, str> = Cow::Borrowed(""), Kind::Url;
        /// Whose word about where a request comes from is taken (X-Forwarded-For).
        trusted_proxies: Cow<'static, str> = Cow::Borrowed(""), Kind::Networks;
    }
    /// How people and programs sign in.
    sign_in: SignIn {
        /// Whether people may sign a browser in with a token.
        with_token: bool = true, Kind::Boolean;
        /// How long a browser stays signed in at most.
        length_s: u64 = 12 * 3_600, Kind::Seconds { min: 60, max: SIGN_IN_SECONDS_MAX };
        /// How long a browser that asks for nothing stays signed in; 0 is as long as any.
        idle_s: u64 = 3_600, Kind::Seconds { min: 0, max: SIGN_IN_SECONDS_MAX };
        /// How many sign-ins from one address may fail in a window before it has to wait; 0 is no limit.
        failures_max: u64 = 10, Kind::Count { min: 0, max: 1_000_000 };
        /// How many tokens from one address, or of one id, may fail in a window; 0 is no limit.
        token_failures_max: u64 = 60, Kind::Count { min: 0, max: 1_000_000 };
        /// The length of such a window.
        failures_window_s: u64 = 300, Kind::Seconds { min: 1, max: 86_400 };
    }
    /// Sign-in at a provider of identities (OpenID Connect).
    oidc: Oidc {
        /// The provider, by its issuer identifier; nothing is no such sign-in.
        issuer: Cow<'static, str> = Cow::Borrowed(""), Kind::Url;
        /// The name under which the provider knows this server.
        client_id: Cow<'static, str> = Cow::Borrowed(""), Kind::Text { characters_max: 500 };
        /// What the provider is asked to tell, in words divided by spaces.
        scopes: Cow<'static, str> = Cow::Borrowed("openid profile email"),
            Kind::Text { characters_max: 500 };
        /// The claim that is the user's name; a dot leads into an object.
        user_claim: Cow<'static, str> = Cow::Borrowed("preferred_username"),
            Kind::Text { characters_max: 200 };
        /// The claim that lists the user's groups; a dot leads into an object.
        groups_claim: Cow<'static, str> = Cow::Borrowed("groups"),
            Kind::Text { characters_max: 200 };
        /// What the button says.
        label: Cow<'static, str> = Cow::Borrowed("Sign in with single sign-on"),
            Kind::Text { characters_max: 60 };
    }
    /// What outsiders see of the log.
    proofs: Proofs {
        /// Whether the checkpoint and the tiles of hashes, which show no content, need no token.
        public: bool = true, Kind::Boolean;
    }
}

/// The setting of that name.
///
/// # Errors
/// When this version has none.
pub fn definition(name: &str) -> Result<&'static Definition, SettingError> {
    REGISTRY
        .iter()
        .find(|definition| definition.name == name)
        .ok_or_else(|| SettingError::Unknown {
            name: shortened(name),
        })
}

impl Definition {
    /// What it is for, in one line.
    pub fn help(&self) -> &'static str {
        self.help.trim()
    }

    /// The group that it belongs to.
    pub fn group(&self) -> &'static Group {
        let name = self.name.split('.').next().unwrap_or_default();
        GROUPS
            .iter()
            .find(|group| group.name == name)
            .unwrap_or_else(|| unreachable!("`{name}` is a group of the registry"))
    }

    /// The value that it has until somebody changes it.
    pub fn default(&self) -> Value {
        Settings::default().value(self)
    }

    /// The value that a JSON value means for this setting.
    ///
    /// # Errors
    /// When it may not have that value.
    pub fn check(&self, json: &Json) -> Result<Value, SettingError> {
        self.kind
            .of_json(json)
            .ok_or_else(|| self.invalid(&json.to_string()))
    }

    /// The value that somebody wrote for this setting.
    ///
    /// # Errors
    /// When it may not have that value.
    pub fn parse(&self, text: &str) -> Result<Value, SettingError> {
        self.kind
            .of_text(text)
            .ok_or_else(|| self.invalid(&format!("{text:?}")))
    }

    fn invalid(&self, found: &str) -> SettingError {
        SettingError::Invalid {
            name: self.name,
            found: shortened(found),
            expected: self.kind,
        }
    }
}

impl Settings {
    /// The same settings, one of them with another value. A value that it may not have changes nothing.
    #[must_use]
    pub fn with(&self, definition: &Definition, value: &Value) -> Self {
        let mut settings = self.clone();
        if definition.kind.allows(value) {
            settings.put(definition, value);
        }
        settings
    }

    /// Takes a value from the log.
    fn apply(&mut self, name: &str, json: &Json) -> Result<(), SettingError> {
        let definition = definition(name)?;
        let value = definition.check(json)?;
        self.put(definition, &value);
        Ok(())
    }
}

/// Enough of what somebody sent to recognise it.
fn shortened(text: &str) -> String {
    const CHARACTERS: usize = 80;
    match text.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl Retention {
    /// The exceptions. Nothing where this version cannot read what another has allowed.
    #[must_use]
    pub fn rules(&self) -> RetentionRules {
        RetentionRules::parse(&self.exceptions).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn each_default_is_allowed_and_each_value_finds_its_place() {
        let mut names = std::collections::HashSet::new();
        for definition in REGISTRY {
            let default = definition.default();
            assert!(definition.kind.allows(&default), "{}", definition.name);
            assert!(names.insert(definition.name), "{} twice", definition.name);
            assert!(definition.group().help().ends_with('.'));
            let other = match default {
                Value::Boolean(value) => Value::Boolean(!value),
                Value::Number(_) => Value::Number(definition.kind.range().unwrap().1),
                Value::Text(_) => continue,
            };
            let mut settings = Settings::default();
            settings
                .apply(definition.name, &Json::from(&other))
                .unwrap();
            for each in REGISTRY {
                let expected = if each.name == definition.name {
                    other.clone()
                } else {
                    each.default()
                };
                assert_eq!(settings.value(each), expected, "{}", each.name);
            }
            let help = definition.help();
            assert!(help.ends_with('.') && help.len() < 130, "{help}");
        }
    }

    /// The default as a cell of a table, in which a bar would begin the next one.
    fn shown(definition: &Definition) -> String {
        let default = definition.kind.show(&definition.default());
        match definition.kind {
            Kind::Expression { .. } if !default.is_empty() => {
                format!("`{}`", default.replace('|', "\\|"))
            }
            _ => default,
        }
    }

    /// `docs/settings.md` ends in the table of this registry.
    /// `UPDATE_DOCS=1 cargo nextest run -p retrace-core documentation` writes it anew.
    #[test]
    fn the_documentation_has_each_setting() {
        let mut table =
            String::from("| setting | default | may be | what it is |\n|---|---|---|---|\n");
        for definition in REGISTRY {
            table.push_str(&format!(
                "| `{}` | {} | {} | {} |\n",
                definition.name,
                shown(definition),
                definition.kind,
                definition.help().trim_end_matches('.'),
            ));
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/settings.md");
        let text = std::fs::read_to_string(&path).unwrap();
        let (before, _) = text.split_once("| setting |").unwrap();
        let expected = format!("{before}{table}");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &expected).unwrap();
        }
        assert!(
            text == expected || std::env::var_os("UPDATE_DOCS").is_some(),
            "docs/settings.md is not what the registry says: write it anew with UPDATE_DOCS=1"
        );
    }
}
