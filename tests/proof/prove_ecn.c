/* An IPv4 header whose checksum was right is right after its ECN field was changed, and
 * nothing else of it is. Any first word, checksum and outer DS field; of the other words
 * only what they sum up to matters, so they are zero but for one. */
#include "core/inner.h"

#include "base/bytes.h"
#include "proof.h"

#define LEN 20

static uint32_t sum_of(const uint8_t *ip)
{
	uint32_t sum = 0;

	for (int i = 0; i < LEN; i += 2)
		sum += wg_load_be16(ip + i);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

int main(void)
{
	uint8_t ip[LEN];
	uint8_t before[LEN];
	struct wg_packet packet = {.data = ip, .len = LEN, .room = LEN};

	for (int i = 4; i < LEN; i++)
		if (i != 10 && i != 11)
			ip[i] = 0;
	assume(ip[0] >> 4 == 4 && sum_of(ip) == 0xffff);
	for (int i = 0; i < LEN; i++)
		before[i] = ip[i];
	wg_inner_decapsulate_ecn(&packet, nondet_uint8_t());
	prove(sum_of(ip) == 0xffff, "a right checksum stays right");
	for (int i = 0; i < LEN; i++)
		prove(ip[i] == before[i] || i == 1 || i == 10 || i == 11, "the rest stays");
	prove((ip[1] ^ before[1]) < 4, "and so does DSCP");
	return 0;
}
