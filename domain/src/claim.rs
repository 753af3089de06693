//! The order in which members claim a vacant group: rendezvous hashing (Thaler and Ravishankar, 1998), so that
//! groups spread evenly and every member finds the same order without talking.

use std::cmp::Reverse;

use crate::{GroupName, InstanceName};

/// The rank of `me` among the members for this group: 0 claims first.
#[must_use]
pub fn rank<'a>(
    group: &GroupName,
    me: &InstanceName,
    members: impl IntoIterator<Item = &'a InstanceName>,
) -> u32 {
    let mine = (weight(group, me), me);
    let before = members.into_iter().filter(|member| (weight(group, member), *member) > mine).count();
    u32::try_from(before).unwrap_or(u32::MAX)
}

/// Of these members, the one that claims the group first.
#[must_use]
pub fn first<'a>(
    group: &GroupName,
    members: impl IntoIterator<Item = &'a InstanceName>,
) -> Option<&'a InstanceName> {
    members.into_iter().max_by_key(|member| (weight(group, member), *member))
}

/// These members, the one that claims the group first at the beginning.
#[must_use]
pub fn order<'a>(
    group: &GroupName,
    members: impl IntoIterator<Item = &'a InstanceName>,
) -> Vec<&'a InstanceName> {
    let mut members: Vec<_> = members.into_iter().collect();
    members.sort_by_cached_key(|member| Reverse((weight(group, member), *member)));
    members
}

/// FNV-1a, finished by the mixer of `SplitMix64`: stable across versions and machines, which the
/// standard library's hasher is not.
fn weight(group: &GroupName, member: &InstanceName) -> u64 {
    let bytes = group.as_str().bytes().chain([0]).chain(member.as_str().bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mixed = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_agree_on_one_order_and_groups_spread() {
        let members: Vec<_> = (1..=5).map(|n| InstanceName::new(format!("member-{n}")).unwrap()).collect();
        let mut first = [0_u32; 5];
        for n in 0..1000 {
            let group = GroupName::new(format!("ACC-{n}")).unwrap();
            let mut ranks: Vec<_> = members.iter().map(|me| rank(&group, me, &members)).collect();
            let leader = ranks.iter().position(|rank| *rank == 0).unwrap();
            assert_eq!(super::first(&group, &members), Some(&members[leader]));
            let ordered = order(&group, &members);
            assert!(ordered.iter().enumerate().all(|(at, me)| rank(&group, me, &members) as usize == at));
            first[leader] += 1;
            ranks.sort_unstable();
            assert_eq!(ranks, [0, 1, 2, 3, 4]);
        }
        assert!(first.iter().all(|count| (150..250).contains(count)), "{first:?}");
    }
}
