/* The replay window, one step from any state: a counter is accepted once, never behind
 * the window, and always ahead of it; and a step takes back nothing of what is known of
 * other counters that are still inside. States are any that keep the invariant: a bit
 * ahead of the newest counter, in its word or in the next, is clear. By induction over
 * the steps, then, no counter is ever accepted twice.
 *
 * With a window of 256 counters instead of 8192 (scripts/prove): the code has the same
 * ring for any number of words. */
#include "noise/replay.h"

#include "noise/session.h"
#include "proof.h"

#define N_WORDS (WG_REPLAY_BITS / 64)

static bool is_marked(const struct wg_replay *replay, uint64_t counter)
{
	return replay->bitmap[counter / 64 % N_WORDS] >> counter % 64 & 1;
}

static bool is_inside(const struct wg_replay *replay, uint64_t counter)
{
	return counter < replay->greatest && replay->greatest - 1 - counter <= WG_REPLAY_WINDOW;
}

/* The newest counter's word has nothing ahead of that counter; an unused window nothing. */
static bool is_sound(const struct wg_replay *replay)
{
	uint64_t newest = replay->greatest - 1;

	if (replay->greatest == 0)
		return replay->bitmap[0] == 0;
	return newest % 64 == 63 || replay->bitmap[newest / 64 % N_WORDS] >> (newest % 64 + 1) == 0;
}

int main(void)
{
	struct wg_replay replay;
	struct wg_replay before;
	uint64_t counter = nondet_uint64_t();
	uint64_t another = nondet_uint64_t();
	bool accepted;

	assume(replay.greatest <= WG_REJECT_AFTER_MESSAGES);
	assume(is_sound(&replay));
	assume(another != counter);
	before = replay;
	accepted = wg_replay_accept(&replay, counter);

	prove(is_sound(&replay), "the invariant is kept");
	prove(replay.greatest >= before.greatest, "the window never goes back");
	if (accepted) {
		prove(counter < WG_REJECT_AFTER_MESSAGES, "no counter past the last");
		prove(is_inside(&replay, counter), "what is accepted is inside");
		prove(is_marked(&replay, counter), "and marked");
		prove(!is_inside(&before, counter) || !is_marked(&before, counter),
		      "and was not marked before");
		prove(counter >= before.greatest || is_inside(&before, counter),
		      "and not behind the window");
	} else {
		prove(counter >= WG_REJECT_AFTER_MESSAGES || counter < before.greatest,
		      "what is newer than all is accepted");
		prove(!is_inside(&before, counter) || is_marked(&before, counter),
		      "and what is new inside");
		prove(replay.greatest == before.greatest, "refusing moves nothing");
	}
	if (is_inside(&replay, another) && is_inside(&before, another))
		prove(is_marked(&replay, another) == is_marked(&before, another),
		      "others are remembered as they were");
	if (is_inside(&replay, another) && another >= before.greatest)
		prove(!is_marked(&replay, another), "what was leapt over has not been seen");
	prove(!wg_replay_accept(&replay, counter), "the second time it is refused");
	return 0;
}
