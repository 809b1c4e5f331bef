//! A table of numbers as Parquet.

use crate::failure::Failure;
use breakwater_report::WordTable;
use parquet::data_type::DoubleType;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use std::sync::Arc;

/// The file: one row group, every column a required double.
pub fn bytes(table: &WordTable) -> Result<Vec<u8>, Failure> {
    write(table).map_err(|error| Failure::Internal(format!("the paths have no Parquet: {error}")))
}

fn write(table: &WordTable) -> Result<Vec<u8>, ParquetError> {
    let fields: String =
        table.columns.iter().map(|column| format!("required double {};\n", column.key)).collect();
    let schema = Arc::new(parse_message_type(&format!("message paths {{\n{fields}}}"))?);
    let mut bytes = Vec::new();
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, properties)?;
    let mut group = writer.next_row_group()?;
    let mut at = 0;
    while let Some(mut column) = group.next_column()? {
        let value = |row: &Vec<String>| row.get(at).and_then(|cell| cell.parse().ok());
        let values: Vec<f64> =
            table.rows.iter().map(|row| value(row).unwrap_or(f64::NAN)).collect();
        column.typed::<DoubleType>().write_batch(&values, None, None)?;
        column.close()?;
        at += 1;
    }
    group.close()?;
    writer.close()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use breakwater_report::WordColumn;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;

    #[test]
    fn a_table_comes_back_as_it_was() {
        let column = |key: &str| WordColumn { key: key.into(), name: key.into(), numeric: true };
        let table = WordTable {
            caption: String::new(),
            columns: vec![column("path"), column("bad_debt_numeraire")],
            rows: vec![vec!["0".into(), "1.5".into()], vec!["1".into(), "0.000001".into()]],
        };
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(path.path(), bytes(&table).unwrap()).unwrap();
        let reader = SerializedFileReader::new(path.reopen().unwrap()).unwrap();
        let rows: Vec<(f64, f64)> = reader
            .get_row_iter(None)
            .unwrap()
            .map(|row| row.unwrap())
            .map(|row| (row.get_double(0).unwrap(), row.get_double(1).unwrap()))
            .collect();
        assert_eq!(rows, [(0.0, 1.5), (1.0, 1e-6)]);
    }
}
