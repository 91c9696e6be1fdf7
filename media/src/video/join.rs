//! H.264 in MP4 pieces to one file, packet by packet.

use ffmpeg::Rational;
use ffmpeg::codec::Id;
use ffmpeg_next as ffmpeg;

use super::container::Kind;
use super::decode::Track;
use super::job::{Codec, JoinMp4};
use super::mux::FileMuxer;
use super::output::{Done, Output};
use super::source::Runs;
use super::worker::{Fault, Sink, send_notes};

/// Does the job [`JoinMp4`].
pub(super) fn run(job: &JoinMp4, runs: &mut Runs, out: &mut impl Sink) -> Result<Done, Fault> {
    let mut joined: Option<Joined> = None;
    while let Some(run) = runs.next_run()? {
        send_notes(runs, out)?;
        if run.kind != Kind::Mp4 {
            runs.note_all("it is not MP4");
            continue;
        }
        let Some(mut track) = Track::open(&run, runs, Some(&job.folder))? else {
            continue;
        };
        let parameters = runs.avc_parameters();
        if track.parameters.id() != Id::H264 || parameters.is_none() {
            runs.note_all("its video is not H.264");
            continue;
        }
        let joined = match &mut joined {
            Some(joined) if joined.parameters != parameters => {
                runs.note_all("its video has other parameters than the first: it cannot be joined");
                continue;
            }
            Some(joined) => joined,
            None => joined.insert(Joined::begin(job, &track, parameters)?),
        };
        joined.append(&mut track, runs, out)?;
        send_notes(runs, out)?;
    }
    send_notes(runs, out)?;
    let Some(joined) = joined else {
        return Err(Fault::Impossible(
            "there is no H.264 video in any input".to_owned(),
        ));
    };
    let end = joined.ticks(runs.last_us()).max(joined.last_pts);
    let done = Done {
        duration_us: runs.last_us(),
        frame_count: joined.frame_count,
        encoder: None,
    };
    out.send(Output::File(joined.muxer.end(end)?))?;
    Ok(done)
}

struct Joined {
    muxer: FileMuxer,
    /// The unit of the first file; the others are converted to it.
    time_base: Rational,
    parameters: Option<Vec<u8>>,
    last_pts: i64,
    frame_count: u64,
}

impl Joined {
    fn begin(job: &JoinMp4, track: &Track, parameters: Option<Vec<u8>>) -> Result<Self, Fault> {
        let time_base = track.time_base;
        let copied = track.parameters.clone();
        Ok(Self {
            muxer: FileMuxer::begin(&job.folder, Codec::H264, copied, time_base)?,
            time_base,
            parameters,
            last_pts: i64::MIN,
            frame_count: 0,
        })
    }

    fn append(
        &mut self,
        track: &mut Track,
        runs: &mut Runs,
        out: &mut impl Sink,
    ) -> Result<(), Fault> {
        let mut shift = None;
        while let Some(mut packet) = track.next_packet(runs) {
            packet.rescale_ts(track.time_base, self.time_base);
            let Some(pts) = packet.pts().or(packet.dts()) else {
                runs.note_at(None, "a picture in it has no time");
                continue;
            };
            let shift =
                *shift.get_or_insert_with(|| self.ticks(track.first_us()).saturating_sub(pts));
            let pts = pts.saturating_add(shift);
            packet.set_pts(Some(pts));
            packet.set_dts(packet.dts().map(|dts| dts.saturating_add(shift)));
            self.last_pts = self.last_pts.max(pts);
            self.frame_count += 1;
            self.muxer.write(packet)?;
            out.progress(track.first_us())?;
        }
        Ok(())
    }

    /// Microseconds in the unit of the file, to the nearest.
    fn ticks(&self, us: u64) -> i64 {
        let (numerator, denominator) = (self.time_base.numerator(), self.time_base.denominator());
        let unit = 1_000_000 * i128::from(numerator);
        let ticks = (i128::from(us) * i128::from(denominator) + unit / 2) / unit;
        i64::try_from(ticks).unwrap_or(i64::MAX).min(1 << 50)
    }
}
