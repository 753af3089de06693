use std::sync::Arc;

/// What becomes of which bytes.
#[derive(Debug)]
pub(super) struct Rule {
    /// For the connections whose name contains this.
    pub(super) name: String,
    pub(super) from: Vec<u8>,
    /// As long as `from`.
    pub(super) to: Vec<u8>,
}

/// One rule on one connection: a stream of bytes in, the same stream rewritten out.
#[derive(Debug)]
pub(super) struct Rewriter {
    rule: Arc<Rule>,
    applies: bool,
    /// The last bytes, while they may be the beginning of what is to be rewritten.
    held: Vec<u8>,
}

impl Rewriter {
    pub(super) fn new(rule: Arc<Rule>, connection: Option<&str>) -> Self {
        let applies = rule.name.is_empty() || connection.is_some_and(|name| name.contains(&rule.name));
        Self { rule, applies, held: Vec::new() }
    }

    /// The bytes that may go on, and how often something in them was rewritten.
    pub(super) fn feed(&mut self, bytes: Vec<u8>) -> (Vec<u8>, u64) {
        if !self.applies {
            return (bytes, 0);
        }
        let Rule { from, to, .. } = &*self.rule;
        let mut all = std::mem::take(&mut self.held);
        all.extend(bytes);
        let (mut at, mut times) = (0, 0);
        while at + from.len() <= all.len() {
            if all[at..].starts_with(from) {
                all[at..at + from.len()].copy_from_slice(to);
                at += from.len();
                times += 1;
            } else {
                at += 1;
            }
        }
        // What was rewritten last is not looked at again.
        let begin = (at..all.len()).find(|begin| from.starts_with(&all[*begin..])).unwrap_or(all.len());
        self.held = all.split_off(begin);
        (all, times)
    }

    /// What was held back, once nothing follows.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewriter(from: &str, to: &str) -> Rewriter {
        let rule = Rule { name: String::new(), from: from.into(), to: to.into() };
        Rewriter::new(Arc::new(rule), None)
    }

    #[test]
    fn wherever_the_stream_is_cut_into_chunks_it_comes_out_the_same() {
        let text = b"aab aaab ab aaaab aaa";
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let mut rewriter = rewriter("aaab", "AAAB");
                let mut out = Vec::new();
                let mut times = 0;
                for chunk in [&text[..first], &text[first..second], &text[second..]] {
                    let (bytes, more) = rewriter.feed(chunk.to_vec());
                    out.extend(bytes);
                    times += more;
                }
                out.extend(rewriter.rest());
                assert_eq!(String::from_utf8(out).unwrap(), "aab AAAB ab aAAAB aaa", "{first} {second}");
                assert_eq!(times, 2);
            }
        }
    }

    #[test]
    fn only_a_possible_beginning_is_held_back() {
        let mut rewriter = rewriter("abc", "xyz");
        assert_eq!(rewriter.feed(b"one ab".to_vec()).0, b"one ");
        assert_eq!(rewriter.feed(b"d two".to_vec()).0, b"abd two");
        assert_eq!(rewriter.feed(b"abc".to_vec()).0, b"xyz");
        assert_eq!(rewriter.feed(b"\r\n".to_vec()).0, b"\r\n");
    }

    #[test]
    fn other_connections_are_left_alone() {
        let rule = Arc::new(Rule { name: "pulse".into(), from: b"a".into(), to: b"b".into() });
        for (name, out) in [(Some("s/i pulse"), b"b"), (Some("s/i"), b"a"), (None, b"a")] {
            assert_eq!(Rewriter::new(Arc::clone(&rule), name).feed(b"a".to_vec()).0, out);
        }
    }
}
