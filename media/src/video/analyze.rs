//! How much of the screen changes, second by second, and thumbnails.
//!
//! A frame is brought down to 160 columns of mean brightness, with rows as its aspect gives; a cell has
//! changed if it differs from the frame before by more than [`THRESHOLD`]. A second's share counts each
//! cell once, however often it changed. The first frame of all changes nothing; another size of the
//! picture changes everything.

use std::ops::ControlFlow;

use ffmpeg::format::Pixel;
use ffmpeg::frame;
use ffmpeg::software::scaling::Flags;
use ffmpeg_next as ffmpeg;

use super::decode::{self, Options};
use super::job::{Analyze, Size};
use super::output::{Change, Done, Output};
use super::scale::{self, Scaler};
use super::source::Runs;
use super::worker::{Fault, Sink};
use sheet::Sheets;

mod sheet;

/// Columns of cells.
const COLUMNS: u32 = 160;
/// Of 255: what a lossy encoder adds to a cell stays below it, one letter typed does not.
const THRESHOLD: u8 = 6;
/// Seconds that are sent together.
const BATCH: usize = 60;

/// Does the job [`Analyze`].
pub(super) fn run(job: &Analyze, runs: &mut Runs, out: &mut impl Sink) -> Result<Done, Fault> {
    let options = Options {
        threads: job.threads,
        keyframes_only: !job.changes,
        folder: job.folder.as_deref(),
    };
    let mut changes = Changes::default();
    let mut sheets = Sheets::new(u64::from(job.tile_ms) * 1_000);
    let mut frame_count = 0;
    let mut last_us = 0;
    decode::each_frame(runs, &options, out, |time_us, picture, out| {
        last_us = time_us.max(last_us);
        frame_count += 1;
        if job.changes {
            changes.see(last_us, picture, out)?;
        }
        if job.tile_ms > 0 {
            sheets.see(last_us, picture, out)?;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    changes.finish(out)?;
    sheets.finish(out)?;
    Ok(Done {
        duration_us: runs.last_us().max(last_us),
        frame_count,
        encoder: None,
    })
}

/// What changed so far.
#[derive(Default)]
struct Changes {
    grid: Option<Grid>,
    second: u64,
    ready: Vec<Change>,
}

/// The frame before, in cells.
struct Grid {
    scaler: Scaler,
    cells: frame::Video,
    before: Vec<u8>,
    changed: Vec<bool>,
}

impl Changes {
    fn see(
        &mut self,
        time_us: u64,
        picture: &frame::Video,
        out: &mut impl Sink,
    ) -> Result<(), Fault> {
        let second = time_us / 1_000_000;
        if second != self.second {
            self.close_second(out)?;
            self.second = second;
        }
        match &mut self.grid {
            Some(grid) if grid.scaler.takes(picture) => grid.compare(picture),
            former => {
                let all = former.is_some();
                *former = Some(Grid::new(picture, all)?);
                Ok(())
            }
        }
    }

    fn close_second(&mut self, out: &mut impl Sink) -> Result<(), Fault> {
        let Some(grid) = &mut self.grid else {
            return Ok(());
        };
        let changed = grid.changed.iter().filter(|changed| **changed).count();
        if changed > 0 {
            let permille = (changed * 1_000).div_ceil(grid.changed.len());
            self.ready.push(Change {
                second: self.second,
                permille: permille as u16,
            });
            grid.changed.fill(false);
        }
        if self.ready.len() >= BATCH {
            out.send(Output::Changed(std::mem::take(&mut self.ready)))?;
        }
        Ok(())
    }

    fn finish(mut self, out: &mut impl Sink) -> Result<(), Fault> {
        self.close_second(out)?;
        if self.ready.is_empty() {
            return Ok(());
        }
        out.send(Output::Changed(self.ready))
    }
}

impl Grid {
    fn new(picture: &frame::Video, all_changed: bool) -> Result<Self, Fault> {
        let (width, height) = (picture.width(), picture.height());
        let columns = COLUMNS.min(width);
        let rows = (u64::from(height) * u64::from(columns) / u64::from(width.max(1))).max(1);
        let size = Size {
            width: columns,
            height: (rows as u32).min(height).min(4 * COLUMNS),
        };
        let cells = scale::frame(Pixel::GRAY8, size)?;
        let scaler = Scaler::with(picture, &cells, Flags::AREA)?;
        let count = size.width as usize * size.height as usize;
        let mut grid = Self {
            scaler,
            cells,
            before: vec![0; count],
            changed: vec![false; count],
        };
        grid.compare(picture)?;
        grid.changed.fill(all_changed);
        Ok(grid)
    }

    fn compare(&mut self, picture: &frame::Video) -> Result<(), Fault> {
        self.scaler.run(picture, &mut self.cells)?;
        let width = self.cells.width() as usize;
        let rows = self.cells.data(0).chunks(self.cells.stride(0));
        let before = self.before.chunks_exact_mut(width);
        let changed = self.changed.chunks_exact_mut(width);
        for ((row, before), changed) in rows.zip(before).zip(changed) {
            for ((cell, before), changed) in row.iter().zip(before).zip(changed) {
                *changed |= cell.abs_diff(*before) > THRESHOLD;
                *before = *cell;
            }
        }
        Ok(())
    }
}
