//! Why an id gives no click, as a sentence.

use super::answers::NoRow;
use crate::clicks::{ClickId, ClickKeys, ClickPlace, Missing};

/// The sentence behind the id, which these keys have opened.
pub(super) fn why(no_row: &NoRow, id: Option<ClickId>, keys: &ClickKeys) -> String {
    match no_row {
        NoRow::Refused(refused) => refused.to_string(),
        NoRow::NotRecorded => "this click is not recorded: the click log had no room for it, so \
                               it was counted as lost"
            .to_owned(),
        NoRow::Missing(missing) => {
            let place = id.and_then(|id| keys.open(id).ok()).expect("only such are looked for");
            missing_at(&place, missing)
        }
    }
}

/// Whether something could not be read, and not merely found.
pub(super) fn is_unreadable(no_row: &NoRow) -> bool {
    matches!(no_row, NoRow::Missing(Missing::Unreadable(_)))
}

fn missing_at(place: &ClickPlace, missing: &Missing) -> String {
    let ClickPlace { node, shard, segment, offset } = place;
    match missing {
        Missing::Deleted => {
            format!("segment {segment} of shard {shard}, which held it, was deleted")
        }
        Missing::NoSegment => format!(
            "segment {segment} of shard {shard} is not there yet; if this folder is a copy, it is \
             behind, else that segment and all later ones were deleted"
        ),
        Missing::NotWritten => format!(
            "segment {segment} of shard {shard} is not yet written up to byte {offset}; if this \
             folder is a copy, it is behind, else the click did not outlast a power loss"
        ),
        Missing::Gone => format!(
            "segment {segment} of shard {shard} ends before byte {offset}; the click did not \
             outlast a power loss"
        ),
        Missing::OtherNode(other) => {
            format!("this is a click of node {node}, and the folder is that of node {other}")
        }
        Missing::Damaged(reason) => format!(
            "the record at byte {offset} of segment {segment} of shard {shard} is damaged: {reason}"
        ),
        Missing::Unreadable(refused) => {
            format!("segment {segment} of shard {shard} cannot be read: {refused}")
        }
    }
}
