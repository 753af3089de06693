//! What every lease store must do, whatever it is made of. A new adapter implements [`harness::Harness`] and
//! adds a line at the end of this file; one with servers [`harness::ServerHarness`], too.

mod harness;
mod kv;
mod memory;
mod network;
mod owners;
mod reads;
mod records;
mod sessions;
mod watching;

/// The cases, on one adapter.
macro_rules! conformance {
    ($adapter:ident, $harness:ty, $($group:ident::$case:ident),+ $(,)?) => {
        mod $adapter {
            $(
                #[tokio::test]
                async fn $case() {
                    super::$group::$case::<$harness>().await;
                }
            )+
        }
    };
}

/// What every adapter must do.
macro_rules! port {
    ($adapter:ident, $harness:ty) => {
        conformance!(
            $adapter,
            $harness,
            sessions::a_session_is_created_only_where_none_is,
            sessions::each_renewal_has_a_new_revision_and_an_old_one_changes_nothing,
            sessions::a_session_is_fenced_at_the_very_revision_or_not_at_all,
            sessions::a_fenced_session_cannot_be_renewed_and_another_may_follow_it,
            owners::of_many_claimers_exactly_one_wins,
            owners::a_group_is_claimed_given_up_and_claimed_again,
            watching::a_watch_tells_what_stands_then_every_change_of_its_service_alone,
            records::a_record_that_is_none_is_reported_by_its_key,
        );
    };
}

/// What an adapter with servers must do beside that: it outlives its members, and a network lies between.
macro_rules! servers {
    ($adapter:ident, $harness:ty) => {
        conformance!(
            $adapter,
            $harness,
            sessions::every_message_of_a_session_carries_its_ttl,
            sessions::a_long_lease_has_a_longer_ttl,
            owners::an_owner_never_runs_out,
            network::a_stalled_network_ends_every_call_within_a_bound_and_heals,
            network::a_write_whose_acknowledgement_is_lost_is_ambiguous_and_its_writer_finds_it,
            network::a_write_still_under_way_is_applied_late_unless_its_key_has_moved_on,
            reads::what_was_acknowledged_through_one_node_is_read_through_any_other_at_once,
            reads::a_node_that_was_suspended_answers_nothing_old,
        );
    };
}

port!(in_memory, super::memory::MemoryHarness);
port!(kv_bucket, super::kv::KvHarness);
servers!(kv_bucket_servers, super::kv::KvHarness);
