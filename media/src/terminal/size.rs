//! How large a terminal may be: wherever one is emulated.

/// Columns and rows of a terminal: 1 to 1,000 columns, 1 to 500 rows. Anything else that a recording
/// claims is clamped, for an emulator holds every cell in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    columns: u16,
    rows: u16,
}

impl Size {
    /// What a terminal is until a recording says otherwise.
    pub const DEFAULT: Self = Self {
        columns: 80,
        rows: 24,
    };
    /// The most columns.
    pub const COLUMNS_MAX: u16 = 1_000;
    /// The most rows.
    pub const ROWS_MAX: u16 = 500;

    /// The nearest size that a terminal may have.
    pub fn clamped(columns: u32, rows: u32) -> Self {
        let clamp = |number: u32, max: u16| u16::try_from(number).unwrap_or(u16::MAX).clamp(1, max);
        Self {
            columns: clamp(columns, Self::COLUMNS_MAX),
            rows: clamp(rows, Self::ROWS_MAX),
        }
    }

    /// Characters in a line.
    pub fn columns(self) -> u16 {
        self.columns
    }

    /// Lines on the screen.
    pub fn rows(self) -> u16 {
        self.rows
    }

    /// How many characters the screen holds, a measure for the memory of its emulator.
    pub fn cells(self) -> usize {
        usize::from(self.columns) * usize::from(self.rows)
    }

    /// The smallest size that holds both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self {
            columns: self.columns.max(other.columns),
            rows: self.rows.max(other.rows),
        }
    }

    /// The largest size that both hold.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self {
            columns: self.columns.min(other.columns),
            rows: self.rows.min(other.rows),
        }
    }
}
