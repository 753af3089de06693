//! The `KEY=value` file by which a running stack tells others where it is.

use std::collections::BTreeMap;

/// Keys and values of a stack, sorted by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EnvFile(BTreeMap<String, String>);

impl EnvFile {
    /// Reads `KEY=value` lines; blank lines and `#` comments are passed over, the first `=` divides.
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
        let pairs = lines.filter_map(|line| line.split_once('='));
        Self(pairs.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned())).collect())
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    pub(crate) fn set(&mut self, key: &str, value: impl Into<String>) {
        self.0.insert(key.to_owned(), value.into());
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.0.remove(key);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    pub(crate) fn render(&self) -> String {
        self.iter().map(|(key, value)| format!("{key}={value}\n")).collect()
    }
}

/// The key under which a part's process id stands: `trading-service-1` is `TRADING_SERVICE_1_PID`.
pub(crate) fn pid_key(part: &str) -> String {
    format!("{}_PID", part.to_uppercase().replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::{EnvFile, pid_key};

    #[test]
    fn values_may_contain_the_separator() {
        let file = EnvFile::parse("# c\n\nAEGIS_TOKEN=ab==\nAEGIS_URL=http://127.0.0.1:1/?a=b\n");
        assert_eq!(file.get("AEGIS_TOKEN"), Some("ab=="));
        assert_eq!(file.get("AEGIS_URL"), Some("http://127.0.0.1:1/?a=b"));
    }

    #[test]
    fn rendered_files_read_back() {
        let mut file = EnvFile::default();
        file.set("B", "2");
        file.set("A", "x=y");
        assert_eq!(file.render(), "A=x=y\nB=2\n");
        assert_eq!(EnvFile::parse(&file.render()), file);
    }

    #[test]
    fn part_names_become_keys() {
        assert_eq!(pid_key("market-data-service-1"), "MARKET_DATA_SERVICE_1_PID");
    }
}
