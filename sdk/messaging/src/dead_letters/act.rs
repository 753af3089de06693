//! Redrives or discards dead letters: writes the log, then sends the message, then removes the letter.

use std::str::FromStr as _;

use aegis_domain::aggregate::Installation;
use aegis_domain::aggregate::installation::{Command, InstallationEvent, Letter, Rejection};
use aegis_domain::wire::command::{self, Outcome};
use aegis_domain::wire::header;
use aegis_domain::{Actor, Aggregate as _, AggregateId, Context, ErrorCode, LetterId, Recorded, Registry};
use async_nats::HeaderMap;
use async_nats::header::HeaderName;
use async_nats::jetstream::context::GetStreamByNameErrorKind;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::RawMessageErrorKind;
use chrono::{TimeDelta, Utc};

use super::{DeadLetter, DeadLetterError, DeadLetters, Done};

use crate::commands::ended;
use crate::provision;

/// For so long only the one who decided carries it out; afterwards any other may finish it.
const UNDER_WAY: TimeDelta = TimeDelta::seconds(60);

impl DeadLetters {
    /// Sends the message back to the subject that it came from, with its own headers, and removes the letter.
    /// A dead *domain event* is never sent again, since the log is the record: it is only let go, and only if
    /// this program can read it now. A projection takes it in when it is rebuilt.
    ///
    /// # Errors
    /// See [`DeadLetterError`].
    ///
    /// # Cancel safety
    /// Not cancel-safe: a dropped future may leave the decision recorded and not carried out. Repeat it.
    pub async fn redrive(
        &self,
        id: impl Into<LetterId>,
        reason: &str,
        by: &Actor,
    ) -> Result<Done, DeadLetterError> {
        let letter = self.get(id).await?;
        let sequence = letter.sequence;
        let subject = self.way_back(&letter).await?;
        let event = self.decide(&letter, &subject, reason, by, true).await?;
        if !self.is_domain_event(&subject) {
            self.send(&letter, subject.clone())
                .await
                .map_err(|source| DeadLetterError::CutOff { sequence, source })?;
        }
        self.remove(sequence).await?;
        Ok(Done { event: event.sequence, subject })
    }

    /// Gives the message up: the letter is removed.
    ///
    /// # Errors
    /// See [`DeadLetterError`].
    ///
    /// # Cancel safety
    /// As with [`DeadLetters::redrive`].
    pub async fn discard(
        &self,
        id: impl Into<LetterId>,
        reason: &str,
        by: &Actor,
    ) -> Result<Done, DeadLetterError> {
        let letter = self.get(id).await?;
        let subject = letter.original_subject.clone().unwrap_or_else(|| letter.subject.clone());
        let event = self.decide(&letter, &subject, reason, by, false).await?;
        self.remove(letter.sequence).await?;
        Ok(Done { event: event.sequence, subject })
    }

    /// The subject that the message may go back to.
    async fn way_back(&self, letter: &DeadLetter) -> Result<String, DeadLetterError> {
        let stuck = |why: String| DeadLetterError::Stuck { sequence: letter.sequence, why };
        let subject = letter
            .original_subject
            .clone()
            .ok_or_else(|| stuck("it does not say which subject it came from".to_owned()))?;
        if self.is_domain_event(&subject) {
            self.is_readable_now(letter).await?;
            return Ok(subject);
        }
        if letter.body.len() < letter.size {
            let place = match (letter.original_sequence, &letter.original_stream) {
                (Some(sequence), Some(stream)) => format!("; it was message {sequence} of {stream}"),
                _ => String::new(),
            };
            let size = letter.size;
            return Err(stuck(format!(
                "its body of {size} bytes left no room for what a letter says, and was left out{place}"
            )));
        }
        // Whoever may write dead letters must not get to speak with our voice where we alone may speak.
        let own = format!("{}.", self.connection.namespace().as_str());
        let journals = self.connection.namespace().journal_prefix("");
        if let Some(journal) = subject.strip_prefix(&journals).and_then(|rest| rest.split('.').next())
            && let Some(sequence) = letter.original_sequence
        {
            return Err(stuck(format!(
                "it is message {sequence} of the journal {journal}, which is never written again: mend the handler, subscribe \
                 under another name from {sequence} on, and discard this"
            )));
        }
        // A call is a message of no stream, so that no letter is of one.
        let calls = format!("{}rpc.", self.connection.namespace().prefix());
        if ["$", "_", &own, &calls, "internal."].iter().any(|prefix| subject.starts_with(prefix)) {
            return Err(stuck(format!("{subject} is no subject of an application")));
        }
        let whole = |token: &str| {
            !token.is_empty()
                && !token.contains(|c: char| c.is_whitespace() || c.is_control() || c == '*' || c == '>')
        };
        if !subject.split('.').all(whole) {
            return Err(stuck(format!("{subject:?} is no subject")));
        }
        if let Some(stream) = &letter.original_stream
            && !self.is_taken(&subject).await?
        {
            // It may have been removed: those of the installation are made again.
            if let Err(error) = provision::events(&self.connection).await {
                tracing::warn!(%error, "the streams cannot be made or read");
            }
            if !self.is_taken(&subject).await? {
                return Err(stuck(format!(
                    "it came from {stream}, and no stream takes {subject} now: make the stream again"
                )));
            }
        }
        self.would_run(letter, &subject).await?;
        Ok(subject)
    }

    /// A command that has ended otherwise since is not begun again, so that nothing would come of sending it.
    async fn would_run(&self, letter: &DeadLetter, subject: &str) -> Result<(), DeadLetterError> {
        let service = command::service_of(self.connection.namespace(), subject);
        let id = letter.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(header::REQUEST_ID));
        let (Some(service), Some((_, id))) = (service, id) else { return Ok(()) };
        let ended = match ended(&self.connection, &service, id).await {
            Some(Outcome::Cancelled { .. }) => "called off",
            Some(Outcome::Completed { .. }) => "completed",
            Some(Outcome::Failed { .. }) | None => return Ok(()),
        };
        let why = format!(
            "the command {id} was {ended} meanwhile, and would not be run: send it under another id, or discard this"
        );
        Err(DeadLetterError::Stuck { sequence: letter.sequence, why })
    }

    /// Whether a stream takes what is sent to this subject.
    async fn is_taken(&self, subject: &str) -> Result<bool, DeadLetterError> {
        match self.connection.jetstream().stream_by_subject(subject).await {
            Ok(_stream) => Ok(true),
            Err(error) if error.kind() == GetStreamByNameErrorKind::NotFound => Ok(false),
            Err(error) => Err(DeadLetterError::unavailable(error)),
        }
    }

    fn is_domain_event(&self, subject: &str) -> bool {
        let all = self.connection.namespace().all_events();
        subject.starts_with(all.trim_end_matches('>'))
    }

    /// Whether the event that this letter is a copy of can be read by this program.
    async fn is_readable_now(&self, letter: &DeadLetter) -> Result<(), DeadLetterError> {
        let stuck = |why: String| DeadLetterError::Stuck { sequence: letter.sequence, why };
        let sequence = letter
            .original_sequence
            .filter(|sequence| *sequence > 0)
            .ok_or_else(|| stuck("it does not say which event of the log it is".to_owned()))?;
        let namespace = self.connection.namespace();
        let stream = self.connection.jetstream().get_stream_no_info(namespace.events_stream()).await;
        let stream = stream.map_err(DeadLetterError::unavailable)?;
        let message = match stream.get_raw_message(sequence).await {
            Ok(message) => message,
            Err(error) if matches!(error.kind(), RawMessageErrorKind::NoMessageFound) => {
                return Err(stuck(format!("the log has no message {sequence}")));
            }
            Err(error) => return Err(DeadLetterError::unavailable(error)),
        };
        let (headers, body) = (Some(&message.headers), &message.payload);
        aegis_journal::decode::<Registry>(namespace, sequence, message.subject.as_str(), headers, body).map(|_readable| ()).map_err(
            |error| {
                stuck(format!(
                    "it is message {sequence} of the log, which is never sent again, and this program cannot read it either: {error}"
                ))
            },
        )
    }

    /// Records the decision, or finds the same one, made before and cut off.
    async fn decide(
        &self,
        letter: &DeadLetter,
        subject: &str,
        reason: &str,
        by: &Actor,
        redrive: bool,
    ) -> Result<Recorded, DeadLetterError> {
        let sequence = letter.sequence;
        let decision =
            Letter { sequence, at: Some(letter.at), subject: subject.to_owned(), reason: reason.to_owned() };
        let command = if redrive {
            Command::RedriveDeadLetter(decision.clone())
        } else {
            Command::DiscardDeadLetter(decision.clone())
        };
        let context = Context::new(by.clone(), Utc::now());
        let id = AggregateId::Installation;
        match self.journal.execute::<Installation>(&id, command, &context).await {
            Ok(executed) => {
                let event = executed.recorded.into_iter().next();
                event.ok_or_else(|| DeadLetterError::unavailable("nothing was recorded"))
            }
            Err(error) => match error.rejection() {
                Ok(Rejection::Decided { .. }) => self.made_before(&decision, redrive).await,
                Ok(rejection @ (Rejection::Reason(_) | Rejection::Plan(_))) => {
                    Err(DeadLetterError::Reason(rejection.to_string()))
                }
                Err(error) if error.code() == ErrorCode::OutcomeUnknown => {
                    Err(DeadLetterError::Unclear { sequence, source: error.into() })
                }
                Err(error) => Err(DeadLetterError::unavailable(error)),
            },
        }
    }

    async fn made_before(&self, decision: &Letter, redrive: bool) -> Result<Recorded, DeadLetterError> {
        let sequence = decision.sequence;
        let events =
            self.journal.events(&AggregateId::Installation).await.map_err(DeadLetterError::unavailable)?;
        let made = events.into_iter().rev().find_map(|recorded| {
            let redriven = decided(Installation::event(&recorded.envelope.event)?, decision)?;
            Some((recorded, redriven))
        });
        let (recorded, redriven) = made.ok_or(DeadLetterError::NotFound { sequence })?;
        let age = Utc::now() - recorded.envelope.context.time;
        if redriven == redrive && age >= UNDER_WAY {
            tracing::warn!(sequence, "finishing what was decided on a dead letter and cut off");
            return Ok(recorded);
        }
        let by = recorded.envelope.context.actor;
        let (what, repeat) =
            if redriven { ("redriven", "redrive it again") } else { ("discarded", "discard it again") };
        Err(DeadLetterError::Decided { sequence, by, what, repeat })
    }

    /// To the stream that takes the subject, acknowledged; or to its subscribers, if there is none.
    async fn send(
        &self,
        letter: &DeadLetter,
        subject: String,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let mut headers = HeaderMap::new();
        for (name, value) in &letter.headers {
            let Ok(name) = HeaderName::from_str(name) else { continue };
            headers.insert(name, header::text(value, usize::MAX));
        }
        let jetstream = self.connection.jetstream();
        match jetstream.stream_by_subject(subject.as_str()).await {
            Ok(_stream) => {
                let id = format!("{}-{}", letter.subject, letter.sequence);
                let message = PublishMessage::build().payload(letter.body.clone()).headers(headers);
                jetstream.send_publish(subject, message.message_id(id)).await?.await?;
            }
            Err(error) if error.kind() == GetStreamByNameErrorKind::NotFound => {
                let client = self.connection.client();
                client.publish_with_headers(subject, headers, letter.body.clone()).await?;
                client.flush().await?;
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    async fn remove(&self, sequence: u64) -> Result<(), DeadLetterError> {
        let cut_off =
            |source: Box<dyn std::error::Error + Send + Sync>| DeadLetterError::CutOff { sequence, source };
        // The decision is recorded: from here on nothing is as if it had not been.
        let stream = self.stream().await.map_err(|error| cut_off(error.into()))?;
        match stream.delete_message(sequence).await {
            Ok(_) => Ok(()),
            // Whoever finishes what was cut off may be one of several.
            Err(error) => match self.get(sequence).await {
                Err(DeadLetterError::NotFound { .. }) => Ok(()),
                Ok(_) | Err(_) => Err(cut_off(error.into())),
            },
        }
    }
}

/// Whether this event decides on this letter, and if so whether it redrives it.
fn decided(event: &InstallationEvent, letter: &Letter) -> Option<bool> {
    let is_same = |made: &Letter| made.sequence == letter.sequence && letter.may_be_of(made.at);
    match event {
        InstallationEvent::DeadLetterRedriven(made) => is_same(made).then_some(true),
        InstallationEvent::DeadLetterDiscarded(made) => is_same(made).then_some(false),
        InstallationEvent::SelfPreservationEntered { .. }
        | InstallationEvent::SelfPreservationLeft {}
        | InstallationEvent::ConsumerDeleted(_)
        | InstallationEvent::MaintenanceBegun(_)
        | InstallationEvent::MaintenanceEnded(_)
        | InstallationEvent::SwitchoverScheduled(_)
        | InstallationEvent::SwitchoverCancelled(_)
        | InstallationEvent::SwitchoverBegun(_)
        | InstallationEvent::SwitchoverEnded(_) => None,
    }
}
