//! Controls of the frameworks that auditors work with. A report *supports* a control: it shows what was recorded, to
//! somebody who judges. None makes anybody comply.

/// A control, or a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Control {
    /// The framework, with its version.
    pub framework: &'static str,
    /// The number that the control has there.
    pub id: &'static str,
    /// What it is about, in our words.
    pub about: &'static str,
}

const fn control(framework: &'static str, id: &'static str, about: &'static str) -> Control {
    Control {
        framework,
        id,
        about,
    }
}

const PCI: &str = "PCI DSS 4.0";
const ISO: &str = "ISO/IEC 27001:2022";
const SOC: &str = "SOC 2";
const NIST: &str = "NIST SP 800-53";

/// Audit logs capture all access of individuals.
pub const PCI_10_2: Control = control(
    PCI,
    "10.2",
    "audit logs record who did what, and access to audit logs",
);
/// Audit logs are protected from destruction and change.
pub const PCI_10_3: Control = control(
    PCI,
    "10.3",
    "audit logs are protected from being destroyed and changed",
);
/// Audit logs are reviewed.
pub const PCI_10_4: Control = control(
    PCI,
    "10.4",
    "audit logs are reviewed to find suspicious activity",
);
/// Audit log history is kept.
pub const PCI_10_5: Control = control(
    PCI,
    "10.5",
    "the history of audit logs is kept and available",
);
/// Logging.
pub const ISO_8_15: Control = control(
    ISO,
    "A.8.15",
    "logs of activities are produced, protected, and analysed",
);
/// Monitoring.
pub const ISO_8_16: Control = control(
    ISO,
    "A.8.16",
    "systems are monitored for behaviour out of the ordinary",
);
/// Collection of evidence.
pub const ISO_5_28: Control = control(ISO, "A.5.28", "evidence is collected and preserved");
/// Logical access.
pub const SOC_CC6: Control = control(
    SOC,
    "CC6",
    "logical access is granted, restricted, and withdrawn",
);
/// System operations.
pub const SOC_CC7: Control = control(
    SOC,
    "CC7",
    "operations are monitored, and incidents found and followed up",
);
/// Audit controls of HIPAA.
pub const HIPAA: Control = control(
    "HIPAA",
    "164.312(b)",
    "activity in systems with health information is recorded and examined",
);
/// Risk management of NIS2.
pub const NIS2: Control = control(
    "NIS2",
    "Article 21",
    "access is controlled, and incidents can be handled",
);
/// Content of audit records.
pub const AU_3: Control = control(
    NIST,
    "AU-3",
    "audit records say what, when, where, from where, with which outcome, and who",
);
/// Response to failures of logging.
pub const AU_5: Control = control(NIST, "AU-5", "failures of audit logging are noticed");
/// Review, analysis, reporting.
pub const AU_6: Control = control(
    NIST,
    "AU-6",
    "audit records are reviewed, analysed, and reported",
);
/// Protection of audit information.
pub const AU_9: Control = control(
    NIST,
    "AU-9",
    "audit information is protected from access, change, and deletion",
);
/// Non-repudiation.
pub const AU_10: Control = control(NIST, "AU-10", "who did something cannot well deny it");
/// Retention.
pub const AU_11: Control = control(
    NIST,
    "AU-11",
    "audit records are kept for as long as they are needed",
);
/// Audit record generation.
pub const AU_12: Control = control(
    NIST,
    "AU-12",
    "audit records are generated where they should be",
);
/// Session audit.
pub const AU_14: Control = control(
    NIST,
    "AU-14",
    "sessions of users can be recorded and looked at",
);
