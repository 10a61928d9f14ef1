/* The bitmap is a ring of words, indexed by counter (RFC 6479, section 2): to move
 * the window, the words between the old newest counter and the new one are cleared,
 * and nothing is shifted. */
#include "noise/replay.h"

#include "noise/session.h"

#define WORD_BITS 64u
#define N_WORDS   (WG_REPLAY_BITS / WORD_BITS)

static void advance(struct wg_replay *replay, uint64_t counter)
{
	uint64_t old = replay->greatest ? (replay->greatest - 1) / WORD_BITS : 0;
	uint64_t n = counter / WORD_BITS - old;

	for (uint64_t i = 1; i <= n && i <= N_WORDS; i++)
		replay->bitmap[(old + i) % N_WORDS] = 0;
	replay->greatest = counter + 1;
}

bool wg_replay_accept(struct wg_replay *replay, uint64_t counter)
{
	uint64_t *word = &replay->bitmap[counter / WORD_BITS % N_WORDS];
	uint64_t bit = UINT64_C(1) << counter % WORD_BITS;

	/* A sender stops before this, and counter + 1 cannot overflow. */
	if (counter >= WG_REJECT_AFTER_MESSAGES)
		return false;
	if (counter >= replay->greatest)
		advance(replay, counter);
	else if (replay->greatest - 1 - counter > WG_REPLAY_WINDOW)
		return false;
	if (*word & bit)
		return false;
	*word |= bit;
	return true;
}
