//! The sections of a configuration file that are the program's own, `[app.risk]`, and their variables, `AEGIS_APP_RISK_*`.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::environment::{PROGRAMS, Variables, toml_value, variables};
use super::invalid_toml::without_values;
use super::{ConfigError, ServiceConfig};

/// The sections of the programs that share a file. They are read by [`ServiceConfig::load_with`], and told to nobody.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct AppSections(Table);

impl std::fmt::Debug for AppSections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl ServiceConfig {
    /// Reads what [`ServiceConfig::load`] reads, and beside it what the program itself is configured with: the section
    /// `[app.risk]` of the file, and above it the variables that begin with `AEGIS_APP_RISK_`, one for each field. A variable is
    /// read as TOML, or else as a text: put a text that looks like a number in quotes. Sections and variables of other
    /// programs are passed over.
    ///
    /// ```no_run
    /// use aegis_sdk::ServiceConfig;
    ///
    /// #[derive(serde::Deserialize)]
    /// #[serde(deny_unknown_fields)]
    /// struct Risk {
    ///     /// `[app.risk] limit = 500` in the file, or `AEGIS_APP_RISK_LIMIT=500`.
    ///     limit: u64,
    /// }
    ///
    /// let (config, risk): (ServiceConfig, Risk) = ServiceConfig::load_with(None, "risk")?;
    /// # Ok::<(), aegis_sdk::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// As of [`ServiceConfig::load`]; what does not fit the section is [`ConfigError::App`], which shows no value.
    pub fn load_with<T: DeserializeOwned>(
        file: Option<&Path>,
        section: &str,
    ) -> Result<(Self, T), ConfigError> {
        let config = Self::load(file)?;
        let mine = config.app.read(section, variables())?;
        Ok((config, mine))
    }
}

impl AppSections {
    fn read<T: DeserializeOwned>(&self, section: &str, variables: impl Variables) -> Result<T, ConfigError> {
        let refuse = |detail: String| ConfigError::App { section: section.to_owned(), detail };
        let mut table = match self.0.get(section) {
            Some(Value::Table(table)) => table.clone(),
            Some(_) => return Err(refuse("it is no section: write [app.name]".to_owned())),
            None => Table::new(),
        };
        let prefix = format!("{PROGRAMS}{}_", section.to_ascii_uppercase().replace('-', "_"));
        for (name, value) in variables {
            let Some(field) = name.strip_prefix(&prefix) else { continue };
            let value = value.map_err(|()| ConfigError::Variable {
                name: name.clone(),
                detail: "it is not valid Unicode".to_owned(),
            })?;
            table.insert(field.to_ascii_lowercase(), toml_value(&value));
        }
        table.try_into().map_err(|error: toml::de::Error| {
            let text = error.to_string();
            let field = text.lines().find_map(|line| line.strip_prefix("in `")?.strip_suffix('`'));
            let detail = without_values(error.message());
            refuse(field.map_or_else(|| detail.clone(), |field| format!("{field}: {detail}")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Risk {
        limit: u64,
        #[serde(default)]
        desk: String,
    }

    const FILE: &str =
        "service = \"risk\"\nversion = \"1.0.0\"\n[app.risk]\nlimit = 5\n[app.other]\ntoken = \"s3cret\"";

    fn read(text: &str, variables: &[(&str, &str)]) -> Result<Risk, String> {
        let config = ServiceConfig::from_toml(text).unwrap();
        assert!(!format!("{config:?}").contains("s3cret") && config.report().get("app").is_none());
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), Ok((*value).to_owned())));
        config.app.read("risk", variables).map_err(|error| format!("{error} {error:?}"))
    }

    #[test]
    fn a_program_reads_its_own_section_and_its_own_variables() {
        assert_eq!(read(FILE, &[]).unwrap(), Risk { limit: 5, desk: String::new() });
        let both = [("AEGIS_APP_RISK_LIMIT", "7"), ("AEGIS_APP_RISK_DESK", "fx"), ("AEGIS_APP_OTHER_X", "1")];
        assert_eq!(read(FILE, &both).unwrap(), Risk { limit: 7, desk: "fx".to_owned() });
        assert_eq!(read(FILE, &[("AEGIS_APP_RISK_DESK", "\"9\"")]).unwrap().desk, "9");
        let plain = "service = \"risk\"\nversion = \"1.0.0\"";
        assert_eq!(read(plain, &[("AEGIS_APP_RISK_LIMIT", "1")]).unwrap().limit, 1);
    }

    #[test]
    fn what_does_not_fit_is_named_without_its_value() {
        for (name, value, told) in [
            ("AEGIS_APP_RISK_LIMIT", "s3cret", "[app.risk] is not valid: limit: invalid type, expected u64"),
            ("AEGIS_APP_RISK_LIMT", "s3cret", "unknown field `limt`"),
        ] {
            let error = read(FILE, &[(name, value)]).unwrap_err();
            assert!(error.contains(told) && !error.contains("s3cret"), "{error}");
        }
        let without = read("service = \"risk\"\nversion = \"1.0.0\"", &[]).unwrap_err();
        assert!(without.contains("missing field `limit`"), "{without}");
        let flat = read("service = \"risk\"\nversion = \"1.0.0\"\n[app]\nrisk = 5", &[]).unwrap_err();
        assert!(flat.contains("it is no section"), "{flat}");
    }
}
