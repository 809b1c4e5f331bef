//! Parameters of the toy venues: one `name = number` a line.

/// Reads every line into the field of its name.
///
/// # Errors
/// The line that is none, or the name that is not known.
pub fn read(text: &str, fields: &mut [(&str, &mut u128)]) -> Result<(), String> {
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, value) =
            line.split_once('=').ok_or_else(|| format!("'{line}': 'name = number' is right"))?;
        let name = name.trim();
        let Some((_, field)) = fields.iter_mut().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = fields.iter().map(|(known, _)| *known).collect();
            return Err(format!("'{name}' is no parameter; known are {}", known.join(", ")));
        };
        let value = value.trim();
        **field = value.parse().map_err(|_| format!("{name} = {value}: a number is right"))?;
    }
    Ok(())
}
