/* What the engine does with the header of an inner packet, for packets of any bytes up to
 * 64: it reads and writes nothing outside, believes no length that is not there, and the
 * search for TCP's options ends. */
#include "core/inner.h"
#include "core/mss.h"

#include "base/bytes.h"
#include "proof.h"

#define MAX_LEN 64u

int main(void)
{
	uint32_t len = nondet_uint32_t();
	uint8_t outer = nondet_uint8_t();
	uint32_t mtu = nondet_uint32_t();
	struct wg_packet packet = {0};

	assume(len <= MAX_LEN && mtu <= UINT16_MAX);
	packet.data = any_bytes(len);
	packet.len = packet.room = len;
	if (!wg_inner_trim(&packet))
		return 0;
	prove(packet.len <= len, "a packet is no longer than what came");
	prove(packet.len >= (packet.data[0] >> 4 == 4 ? 20u : 40u), "and as long as its header");
	prove(wg_inner_version(&packet) == packet.data[0] >> 4, "of its version");
	wg_inner_decapsulate_ecn(&packet, outer);
	wg_mss_clamp(&packet, mtu);
	return 0;
}
