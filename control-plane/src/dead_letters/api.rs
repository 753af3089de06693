//! Over the API of a control plane.

use aegis_api_client::types::{self, Decision};
use aegis_domain::LetterId;
use aegis_messaging::dead_letters::{DeadLetter, PAGE_MAX, Page};
use anyhow::Context as _;
use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::Letters;
use crate::remote::{Api, told};

#[async_trait(?Send)]
impl Letters for Api {
    async fn list(&self, before: Option<LetterId>, count: usize, kind: Option<&str>) -> anyhow::Result<Page> {
        let count = count.min(PAGE_MAX);
        let mut paging = Self::first_page();
        paging.after = before.map(|before| before.to_string());
        let mut letters = vec![];
        loop {
            let page = self.client.dead_letters(kind, &paging).await.map_err(|e| told(&e))?;
            for shown in page.items {
                letters.push(letter(shown)?);
            }
            let more = letters.len() > count;
            letters.truncate(count);
            match page.next_cursor {
                Some(cursor) if letters.len() < count => paging.after = Some(cursor),
                cursor => return Ok(Page { more: more || cursor.is_some(), letters }),
            }
        }
    }

    /// With the beginning of its body only: more than that the API does not tell.
    async fn get(&self, id: LetterId) -> anyhow::Result<DeadLetter> {
        letter(self.client.dead_letter(id.sequence, id.at).await.map_err(|e| told(&e))?)
    }

    async fn redrive(&self, id: LetterId, reason: &str) -> anyhow::Result<String> {
        let done = self.client.redrive(id.sequence, &decision(id, reason), None).await;
        done.map(|done| done.subject).map_err(|e| told(&e))
    }

    async fn discard(&self, id: LetterId, reason: &str) -> anyhow::Result<String> {
        let done = self.client.discard(id.sequence, &decision(id, reason), None).await;
        done.map(|done| done.subject).map_err(|e| told(&e))
    }
}

fn decision(id: LetterId, reason: &str) -> Decision {
    Decision { at: id.at, reason: reason.to_owned() }
}

fn letter(shown: types::DeadLetter) -> anyhow::Result<DeadLetter> {
    let body = BASE64_STANDARD.decode(&shown.base64);
    let body =
        body.with_context(|| format!("the payload of dead letter {} cannot be read", shown.sequence))?;
    Ok(DeadLetter {
        sequence: shown.sequence,
        subject: shown.subject,
        kind: shown.kind,
        reason: shown.reason,
        original_subject: shown.original_subject,
        original_stream: shown.original_stream,
        original_sequence: shown.original_sequence,
        at: shown.at,
        headers: shown.headers.into_iter().map(|header| (header.name, header.value)).collect(),
        size: usize::try_from(shown.size)?,
        body: body.into(),
    })
}
