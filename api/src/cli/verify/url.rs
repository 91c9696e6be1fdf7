//! `retrace verify --url`: a log as a server shows it to outsiders.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::Args;
use indicatif::ProgressBar;
use reqwest::{Client, StatusCode, redirect};
use retrace_core::event::MAX_LEAF_BYTES;
use retrace_core::log::checkpoint::Checkpoint;
use retrace_core::log::lines::destroyed_leaf_hash;
use retrace_core::log::merkle::{Hash, leaf_hash};
use retrace_core::log::tile::{FULL, Rows, Tile, entries};
use retrace_core::log::tiles_check::{TilesCheck, compare, hashes_of};
use serde_json::json;
use tokio::task::JoinHandle;

use super::super::export::beside;
use super::super::output;
use super::{CHANGED, KeyArgs};

/// How long the server may take for one answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many tiles are under way at once: enough to hide the way to the server.
const TILES_AHEAD: usize = 8;
const CHECKPOINT_BYTES_MAX: usize = 64 << 10;
const TILE_BYTES_MAX: usize = FULL as usize * 32;
const BUNDLE_BYTES_MAX: usize = FULL as usize * (2 + MAX_LEAF_BYTES);

/// Which server, and what to see of it.
#[derive(Args)]
pub(super) struct UrlArgs {
    /// The address of a server; its checkpoint and its tiles are fetched
    #[arg(long, value_name = "URL")]
    pub(super) url: Option<String>,
    /// A token, to check each event against its hash too
    #[arg(
        long,
        value_name = "TOKEN",
        env = "RETRACE_TOKEN",
        hide_env_values = true
    )]
    token: Option<String>,
    /// Keep the checkpoint in this file when all is true. What the last time kept in it is checked
    /// like --checkpoint
    #[arg(long, value_name = "FILE", requires = "url")]
    save: Option<PathBuf>,
    /// Fetch only what was added since the newest of the checkpoints kept
    #[arg(long, requires = "url")]
    only_new: bool,
}

/// Why a log is not verified.
enum Failed {
    /// It is not what was signed.
    Bad(String),
    /// It could not be seen.
    NotChecked(anyhow::Error),
}

impl From<anyhow::Error> for Failed {
    fn from(error: anyhow::Error) -> Self {
        Self::NotChecked(error)
    }
}

impl From<retrace_core::log::tiles_check::BadTree> for Failed {
    fn from(bad: retrace_core::log::tiles_check::BadTree) -> Self {
        Self::Bad(bad.to_string())
    }
}

/// What was found to be true.
struct Seen {
    head: Checkpoint,
    from: u64,
    kept: usize,
    tiles: u64,
    entries: u64,
    /// How many of the entries say that they were destroyed.
    purged: u64,
}

impl UrlArgs {
    pub(super) async fn verify(
        &self,
        url: &str,
        key: &KeyArgs,
        kept: &[String],
        json: bool,
    ) -> anyhow::Result<ExitCode> {
        let server = Server::new(url, self.token.clone())?;
        let given = key.given()?;
        let key = match &given {
            Some(key) => key.clone(),
            None => server.claimed_key().await?,
        };
        let mut kept = kept.to_vec();
        if let Some(path) = self.save.as_deref().filter(|path| path.exists()) {
            let note = fs::read_to_string(path)
                .with_context(|| format!("the checkpoint `{}`", path.display()))?;
            kept.push(note);
        }
        let bar = output::bar_of_events(0);
        let outcome = self.check(&server, &key, &kept, &bar).await;
        bar.finish_and_clear();
        match outcome {
            Ok(seen) => {
                if let Some(path) = &self.save {
                    save(path, &seen.head)?;
                }
                report(&seen, &key, given.is_some(), json)?;
                Ok(ExitCode::SUCCESS)
            }
            Err(Failed::Bad(what)) => {
                if json {
                    output::line(json!({"verified": false, "reason": what}))?;
                } else {
                    let what = output::printable(&what);
                    output::line(format!("NOT VERIFIED: {what}"))?;
                }
                Ok(ExitCode::from(CHANGED))
            }
            Err(Failed::NotChecked(error)) => Err(error),
        }
    }

    async fn check(
        &self,
        server: &Server,
        key: &str,
        kept: &[String],
        bar: &ProgressBar,
    ) -> Result<Seen, Failed> {
        let signed = |note: &str, which: &str| {
            Checkpoint::verify(note, key)
                .map_err(|error| Failed::Bad(format!("{which} checkpoint: {error}")))
        };
        let note = server.text("checkpoint", CHECKPOINT_BYTES_MAX).await?;
        let head = signed(&note, "the server's")?;
        let kept: Vec<Checkpoint> = kept
            .iter()
            .map(|note| signed(note, "a kept"))
            .collect::<Result<_, _>>()?;
        let mut check = TilesCheck::new(head.clone(), &kept)?;
        let mut seen = Seen {
            head,
            from: 0,
            kept: kept.len(),
            tiles: 0,
            entries: 0,
            purged: 0,
        };
        let newest = kept.iter().map(|kept| kept.size).max();
        if let (true, Some(size)) = (self.only_new, newest) {
            let mut edge = Vec::new();
            for tile in check.edge_tiles(size) {
                edge.push((tile, server.hashes(tile).await?));
            }
            check.skip_to(size, &edge)?;
            (seen.from, seen.tiles) = (size.0, edge.len() as u64);
        }
        bar.set_length(seen.head.size.0);
        let mut ahead = Ahead::new(server, check.leaf_tiles());
        while let Some((tile, hashes, bundle)) = ahead.next().await? {
            if let Some(bundle) = bundle {
                seen.purged += check_entries(tile, &hashes, &bundle)?;
                seen.entries += tile.width;
            }
            seen.tiles += 1;
            for (above, expected) in check.take_leaves(tile, &hashes)? {
                let found = server.hashes(above).await?;
                compare(above, "the tiles below it", &expected, &found)?;
                seen.tiles += 1;
            }
            bar.set_position(check.position().0);
        }
        for (above, expected) in check.partial_tiles() {
            let found = server.hashes(above).await?;
            compare(above, "the tiles below it", &expected, &found)?;
            seen.tiles += 1;
        }
        check.finish()?;
        Ok(seen)
    }
}

/// Holds each entry of a bundle against its hash. Answers how many say that they were destroyed, with that hash.
fn check_entries(tile: Tile, hashes: &[Hash], bundle: &[u8]) -> Result<u64, Failed> {
    let first = tile.index * FULL;
    let found = entries(bundle)
        .filter(|found| found.len() == hashes.len())
        .ok_or_else(|| {
            Failed::Bad(format!(
                "the bundle of the events from position {first} on does not have {} whole events",
                hashes.len()
            ))
        })?;
    let mut purged = 0;
    for ((position, entry), hash) in (first..).zip(found).zip(hashes) {
        if destroyed_leaf_hash(entry) == Some(*hash) {
            purged += 1;
        } else if leaf_hash(entry) != *hash {
            return Err(Failed::Bad(format!(
                "first bad event: position {position}: it does not have the hash that was signed"
            )));
        }
    }
    Ok(purged)
}

/// Tiles of leaves, in their order, some of them fetched while the first is checked.
struct Ahead<T> {
    server: Server,
    tiles: T,
    under_way: std::collections::VecDeque<(Tile, JoinHandle<anyhow::Result<Fetched>>)>,
}

/// The hashes of a tile, and with a token its entries.
type Fetched = (Vec<Hash>, Option<Vec<u8>>);

impl<T: Iterator<Item = Tile>> Ahead<T> {
    fn new(server: &Server, tiles: T) -> Self {
        Self {
            server: server.clone(),
            tiles,
            under_way: std::collections::VecDeque::new(),
        }
    }

    async fn next(&mut self) -> anyhow::Result<Option<(Tile, Vec<Hash>, Option<Vec<u8>>)>> {
        while self.under_way.len() < TILES_AHEAD
            && let Some(tile) = self.tiles.next()
        {
            let server = self.server.clone();
            let fetch = tokio::spawn(async move { server.leaves(tile).await });
            self.under_way.push_back((tile, fetch));
        }
        let Some((tile, fetch)) = self.under_way.pop_front() else {
            return Ok(None);
        };
        let (hashes, bundle) = fetch.await??;
        Ok(Some((tile, hashes, bundle)))
    }
}

impl<T> Drop for Ahead<T> {
    fn drop(&mut self) {
        for (_, fetch) in &self.under_way {
            fetch.abort();
        }
    }
}

/// A server that is not believed.
#[derive(Clone)]
struct Server {
    client: Client,
    url: String,
    token: Option<String>,
}

impl Server {
    fn new(url: &str, token: Option<String>) -> anyhow::Result<Self> {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            bail!("the address is {url:?}, expected one with http:// or https://");
        }
        let client = Client::builder()
            .timeout(PATIENCE)
            // The token is for this server, and for none that it points to.
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(Self {
            client,
            url: url.trim_end_matches('/').to_owned(),
            token,
        })
    }

    /// The key that the server claims, with a warning.
    async fn claimed_key(&self) -> anyhow::Result<String> {
        let key = self.text("verifier-key", CHECKPOINT_BYTES_MAX).await?;
        let key = key.trim().to_owned();
        output::note(format!(
            "warning: the key is the one that the server itself claims, so this shows only that \
             its log fits together.\nCompare it with the key of the log, which you have from \
             elsewhere, or give that one with --key:\n  {}",
            output::printable(&key)
        ));
        Ok(key)
    }

    async fn leaves(&self, tile: Tile) -> anyhow::Result<Fetched> {
        let hashes = self.hashes(tile).await?;
        if self.token.is_none() {
            return Ok((hashes, None));
        }
        let rows = Rows::Entries;
        let path = Tile { rows, ..tile }.to_string();
        let bundle = self.get(&path, BUNDLE_BYTES_MAX).await?;
        Ok((hashes, Some(bundle)))
    }

    async fn hashes(&self, tile: Tile) -> anyhow::Result<Vec<Hash>> {
        let bytes = self.get(&tile.to_string(), TILE_BYTES_MAX).await?;
        hashes_of(tile, &bytes).with_context(|| {
            format!(
                "`{tile}` has {} bytes, expected {}",
                bytes.len(),
                tile.width * 32
            )
        })
    }

    async fn text(&self, path: &str, bytes_max: usize) -> anyhow::Result<String> {
        let bytes = self.get(path, bytes_max).await?;
        String::from_utf8(bytes).with_context(|| format!("`/{path}` is not UTF-8"))
    }

    async fn get(&self, path: &str, bytes_max: usize) -> anyhow::Result<Vec<u8>> {
        let fetch = async {
            let mut request = self.client.get(format!("{}/{path}", self.url));
            if let Some(token) = &self.token {
                request = request.bearer_auth(token);
            }
            let mut response = request.send().await?;
            match response.status() {
                StatusCode::OK => {}
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                    bail!("the server wants a token that may read: give one with --token")
                }
                other => bail!("the server answered {other}"),
            }
            let mut bytes = Vec::new();
            while let Some(piece) = response.chunk().await? {
                if bytes.len() + piece.len() > bytes_max {
                    bail!("more than {bytes_max} bytes");
                }
                bytes.extend_from_slice(&piece);
            }
            anyhow::Ok(bytes)
        };
        fetch.await.with_context(|| format!("{}/{path}", self.url))
    }
}

/// The file is whole, or as it was.
fn save(path: &Path, checkpoint: &Checkpoint) -> anyhow::Result<()> {
    let partial = beside(path, "partial");
    fs::write(&partial, checkpoint.as_note())
        .and_then(|()| fs::rename(&partial, path))
        .with_context(|| format!("`{}`", path.display()))
}

fn report(seen: &Seen, key: &str, key_given: bool, json: bool) -> anyhow::Result<()> {
    let Seen {
        head,
        from,
        kept,
        tiles,
        entries,
        purged,
    } = seen;
    if json {
        output::line(json!({
            "verified": true, "events": head.size, "from": from, "tiles": tiles,
            "eventsRead": entries, "purged": purged, "pastCheckpoints": kept,
            "rootHash": BASE64_STANDARD.encode(head.root), "key": key, "keyGiven": key_given,
            "checkpoint": head.as_note(),
        }))?;
        return Ok(());
    }
    let as_if = if key_given {
        ""
    } else {
        ", by a key that nobody vouched for"
    };
    let since = if *from > 0 {
        format!(", the first {from} by a checkpoint kept")
    } else {
        String::new()
    };
    let read = match (entries, purged) {
        (0, _) => "hashes only".to_owned(),
        (read, 1..) => {
            format!("{read} events read ({purged} of them purged: only their hashes are there)")
        }
        (read, 0) => format!("{read} events read"),
    };
    output::line(format!(
        "verified: {} events as they were signed{as_if}{since}: {tiles} tiles, {read}, {kept} \
         checkpoints of the past\n\n{}",
        head.size,
        head.as_note().trim_end()
    ))?;
    Ok(())
}
