//! Rows of whatever as a CSV after RFC 4180, of which a spreadsheet calculates nothing.

use std::io::{self, BufWriter, Write};

use jiff::tz::TimeZone;
use model::Timestamp;

use crate::cell;
use crate::instant::{within, write_time};

/// Ends a row (RFC 4180, 2.1).
const END: &str = "\r\n";

/// One cell of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing is there.
    Empty,
    /// A time, in the zone of the table.
    Time(Timestamp),
    /// A number as it is.
    Number(i64),
    /// A text. One that looks like something else stands behind an apostrophe; an empty one is as good as nothing.
    Text(&'a str),
}

/// A CSV with a header that is written row by row.
pub struct Table<'a, W: Write> {
    out: BufWriter<W>,
    zone: &'a TimeZone,
    row: String,
}

impl<'a, W: Write> Table<'a, W> {
    /// Begins a table with the names of its columns.
    ///
    /// # Errors
    /// Nobody takes what is written.
    pub fn begin(out: W, zone: &'a TimeZone, columns: &[&str]) -> io::Result<Self> {
        let mut table = Table { out: BufWriter::with_capacity(64 * 1024, out), zone, row: String::new() };
        table.row(&columns.iter().map(|name| Cell::Text(name)).collect::<Vec<_>>())?;
        Ok(table)
    }

    /// Writes a row.
    ///
    /// # Errors
    /// Nobody takes what is written.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        self.row.clear();
        for (at, one) in cells.iter().enumerate() {
            if at > 0 {
                self.row.push(',');
            }
            match one {
                Cell::Empty | Cell::Text("") => {}
                // A clock that was set beyond the calendar made it.
                Cell::Time(time) => match within(*time) {
                    Some(time) => write_time(&mut self.row, time, self.zone),
                    None => self.row.push_str(&time.millis().to_string()),
                },
                Cell::Number(number) => self.row.push_str(&number.to_string()),
                Cell::Text(text) => cell::quote(&mut self.row, &cell::text(text)),
            }
        }
        self.row.push_str(END);
        self.out.write_all(self.row.as_bytes())
    }

    /// Ends the table.
    ///
    /// # Errors
    /// Nobody takes what is written.
    pub fn end(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_what_it_says_and_nothing_in_it_is_calculated() {
        let (mut out, zone) = (Vec::new(), TimeZone::UTC);
        let mut table = Table::begin(&mut out, &zone, &["time", "a, b", "note"]).expect("memory takes all");
        let cells = [Cell::Time(Timestamp::from_millis(0)), Cell::Number(-3), Cell::Text("=1+1\nsaid \"so\"")];
        table.row(&cells).expect("memory takes all");
        table.row(&[Cell::Empty, Cell::Text(""), Cell::Text("@SUM(A1)")]).expect("memory takes all");
        table.row(&[Cell::Time(Timestamp::from_millis(i64::MAX))]).expect("memory takes all");
        table.end().expect("memory takes all");
        assert_eq!(
            String::from_utf8(out).expect("UTF-8"),
            "time,\"a, b\",note\r\n1970-01-01T00:00:00.000Z,-3,\"'=1+1\nsaid \"\"so\"\"\"\r\n,,'@SUM(A1)\r\n9223372036854775807\r\n"
        );
    }
}
