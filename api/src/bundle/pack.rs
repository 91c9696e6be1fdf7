//! The zip of a bundle: files one after the other, as they are, without times. The same files give the same bytes, on
//! every machine: that is how [`super::check`] finds a byte that was changed between them.

use std::io::{self, Write};

use sha2::{Digest, Sha256};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use super::manifest::PackedFile;

/// Packs files into a zip, and keeps their digests.
pub(super) struct Packer<W: Write> {
    zip: ZipWriter<StreamWriter<W>>,
    open: Option<(String, Sha256, u64)>,
    files: Vec<PackedFile>,
}

impl<W: Write> Packer<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            zip: ZipWriter::new_stream(out),
            open: None,
            files: Vec::new(),
        }
    }

    /// Begins the next file; what is written from now on is its content.
    pub(super) fn begin(&mut self, name: &str) -> io::Result<()> {
        self.end();
        // Compression would make the bytes depend on a compressor; sizes are not known beforehand, so any may be large.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644)
            .system(System::Unix)
            .large_file(true);
        self.zip.start_file(name, options)?;
        self.open = Some((name.to_owned(), Sha256::new(), 0));
        Ok(())
    }

    /// A whole file.
    pub(super) fn file(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.begin(name)?;
        self.write_all(content)
    }

    /// The files so far.
    pub(super) fn files(&mut self) -> &[PackedFile] {
        self.end();
        &self.files
    }

    /// Ends the zip.
    pub(super) fn finish(self) -> io::Result<W> {
        Ok(self.zip.finish()?.into_inner())
    }

    fn end(&mut self) {
        if let Some((name, hash, bytes)) = self.open.take() {
            self.files.push(PackedFile {
                bytes,
                name,
                sha256: hex::encode(hash.finalize()),
            });
        }
    }
}

impl<W: Write> Write for Packer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.zip.write(bytes)?;
        if let Some((_, hash, count)) = &mut self.open {
            hash.update(&bytes[..written]);
            *count += written as u64;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.zip.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever moves to another version of the library learns here that bundles would have other bytes.
    #[test]
    fn a_zip_is_the_same_to_the_byte_on_every_machine_and_in_every_version() {
        let mut packer = Packer::new(Vec::new());
        packer.file("a.txt", b"one").unwrap();
        packer.file("b/c.txt", b"").unwrap();
        let files: Vec<_> = packer.files().to_vec();
        assert_eq!((files[0].name.as_str(), files[0].bytes), ("a.txt", 3));
        let zip = packer.finish().unwrap();
        assert_eq!(
            hex::encode(Sha256::digest(&zip)),
            "a670bd40ea37e7f648edd0fca00c9546a27d685e4710f83dd9f713c0f734c960"
        );
    }
}
