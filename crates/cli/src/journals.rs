//! `breakwater journal export` and `import`.

use crate::events::hex;
use crate::failure::{Failure, Verdict};
use crate::figures::{count, counted};
use crate::rebuilt;
use crate::screen::Screen;
use breakwater_journal::Journal;
use serde_json::json;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, ErrorKind};
use std::path::Path;

/// Writes the journal as a portable stream where nothing is yet.
pub fn export(journal: &Path, file: &Path, screen: &Screen) -> Result<Verdict, Failure> {
    let source = rebuilt::open(journal)?;
    let target = File::create_new(file).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::Data(format!(
            "{} already exists: choose a path where nothing is",
            file.display()
        )),
        _ => Failure::file("write", file, &error),
    })?;
    let written = source
        .export(BufWriter::new(&target))
        .map_err(|error| Failure::journal(journal, &error))
        .and_then(|report| {
            target.sync_all().map_err(|error| Failure::file("write", file, &error))?;
            Ok(report)
        });
    let report = match written {
        Ok(report) => report,
        Err(failure) => {
            // Half a stream is no export; one that cannot be removed is found out on import.
            let _ = fs::remove_file(file);
            return Err(failure);
        }
    };
    let text = format!(
        "exported {}, {}, to {}\nhead: {}\n",
        counted(report.frames, "frame", "frames"),
        counted(report.bytes, "byte", "bytes"),
        file.display(),
        hex(&report.head.hash)
    );
    let object = json!({
        "schema": "breakwater.journal-export/1",
        "frames": report.frames,
        "bytes": report.bytes,
        "head_hash": hex(&report.head.hash),
        "file": file.display().to_string(),
    });
    screen.answer(&text, &object)?;
    Ok(Verdict::Fine)
}

/// Makes a journal from a portable stream.
pub fn import(file: &Path, journal: &Path, screen: &Screen) -> Result<Verdict, Failure> {
    let source = File::open(file).map_err(|error| Failure::file("read", file, &error))?;
    let (made, report) = Journal::import(BufReader::new(source), journal).map_err(|error| {
        use breakwater_journal::JournalError::{AlreadyExists, Database, Io, NoSpace};
        // These speak of the journal to be made, all others of the stream.
        let made =
            matches!(error, AlreadyExists { .. } | Database { .. } | Io { .. } | NoSpace { .. });
        Failure::journal(if made { journal } else { file }, &error)
    })?;
    made.close().map_err(|error| Failure::journal(journal, &error))?;
    let mut text = format!(
        "imported {} to {}\nhead: {}\n",
        counted(report.frames, "frame", "frames"),
        journal.display(),
        hex(&report.head.hash)
    );
    if let Some(torn) = &report.torn {
        text.push_str(&format!(
            "the stream was cut inside frame {}, at byte {}: {}\n\
             what stands before it is whole and was imported; the rest is missing\n",
            count(torn.sequence),
            count(torn.offset),
            torn.reason
        ));
    }
    let torn = report
        .torn
        .as_ref()
        .map(|torn| json!({ "frame": torn.sequence, "byte": torn.offset, "reason": torn.reason }));
    let object = json!({
        "schema": "breakwater.journal-import/1",
        "frames": report.frames,
        "head_hash": hex(&report.head.hash),
        "journal": journal.display().to_string(),
        "cut": torn,
    });
    screen.answer(&text, &object)?;
    Ok(if report.torn.is_some() { Verdict::Broken } else { Verdict::Fine })
}
