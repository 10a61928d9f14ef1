/* Padding, for any length and MTU of a packet: a multiple of 16, but for the MTU; never
 * less, never more than 15; nothing wraps. And counters, reserved one vector at a time:
 * none is given twice, none past the last. */
#include "noise/session.h"

#include "proof.h"

void wg_aead_seal_vector(const uint8_t key[static 32], struct wg_aead_item *items, size_t n)
{
	(void)key;
	(void)items;
	(void)n;
}

void wg_aead_open_vector(const uint8_t key[static 32], struct wg_aead_item *items, size_t n)
{
	(void)key;
	(void)items;
	(void)n;
}

int main(void)
{
	uint32_t len = nondet_uint32_t();
	uint32_t mtu = nondet_uint32_t();
	uint32_t padded;
	struct wg_session session;
	uint64_t before = session.send_counter;
	uint64_t n = nondet_uint64_t();
	uint64_t counter;

	assume(len <= UINT16_MAX && mtu <= UINT16_MAX);
	padded = wg_session_padded_len(len, mtu);
	prove(padded >= len && padded - len < 16, "0 to 15 bytes are added");
	if (len <= mtu)
		prove(padded <= mtu, "and never past the MTU");
	if (!mtu || padded < mtu)
		prove(padded % 16 == 0 || (mtu && len > mtu), "to a multiple of 16");
	if (wg_session_reserve(&session, n, &counter)) {
		prove(counter == before, "the first is the next");
		prove(session.send_counter - n == before, "all are used up");
		prove(session.send_counter >= before, "and the count does not wrap");
		prove(session.send_counter <= WG_REJECT_AFTER_MESSAGES, "nor passes the last");
	} else {
		prove(session.send_counter == before, "or none is taken");
	}
	return 0;
}
