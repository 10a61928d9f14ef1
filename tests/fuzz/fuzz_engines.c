/* Two engines that are each other's peer, and everything that can happen to them. The
 * input is a list of steps of two bytes, an operation and its argument (engines/events.c):
 * packets are sent, lost, repeated, reordered, forged and replayed; time passes; jobs are
 * run late and in any order; peers, keys and settings change; links go down; packet
 * buffers and memory for secrets are refused; one side is flooded.
 *
 * Whatever happens:
 *
 *   - no index names two handshakes or sessions that are alive
 *   - no counter is used twice under a key
 *   - a responder's session sends nothing before the initiator has used it
 *   - nothing is opened under a session of 180 s or more
 *   - what comes out of a link was sent by the peer whose source it has, once, unchanged
 *   - what waits has a deadline, and left alone it goes
 *   - of a removed peer nothing is left: no index, no deadline, no way to it
 *   - every packet is put back, once, and all memory for secrets is given back */
#include "crypto/crypto.h"
#include "fuzz/engines/events.h"
#include "fuzz/engines/invariants.h"
#include "fuzz/engines/world.h"

#define MAX_STEPS 300u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static bool ready;
	size_t n = len / 2 < MAX_STEPS ? len / 2 : MAX_STEPS;

	if (!ready)
		must(wg_crypto_init(NULL) == 0);
	ready = true;
	wg_world_begin(len % 2);
	for (size_t i = 0; i < n; i++) {
		wg_events_take(data[2 * i], data[2 * i + 1]);
		wg_invariants_engine(&wg_world.sides[0]);
		wg_invariants_engine(&wg_world.sides[1]);
	}
	wg_world_end();
	return 0;
}
