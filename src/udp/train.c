#include "udp/train.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

static const struct {
	uint8_t n;
	uint16_t size;
	uint16_t tail;
} shapes[] = {{3, 1000, 77}, {3, 1000, 0}, {3, 1000, 1}, {5, 32, 16}};

_Static_assert(WG_ARRAY_LEN(shapes) * 2 == WG_UDP_TRAINS, "of each family");

struct wg_udp_train wg_udp_train(size_t i)
{
	size_t shape = i % WG_ARRAY_LEN(shapes);

	assert(i < WG_UDP_TRAINS);
	return (struct wg_udp_train){
		.is_ipv6 = i / WG_ARRAY_LEN(shapes),
		.n = shapes[shape].n,
		.size = shapes[shape].size,
		.tail = shapes[shape].tail,
	};
}

size_t wg_udp_train_make(const struct wg_udp_train *train, uint8_t *bytes)
{
	size_t len = (size_t)train->n * train->size + train->tail;

	assert(len <= WG_UDP_TRAIN_ROOM);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251 + train->n);
	return len;
}

/* "3 x 1000 + 77 bytes of UDP over IPv4" and what came of it. */
static void complain(const struct wg_udp_train *train, const char *what,
		     struct wg_offload_finding *finding)
{
	char tail[16] = "";

	if (train->tail)
		snprintf(tail, sizeof(tail), " + %u", train->tail);
	finding->verdict = WG_OFFLOAD_BAD;
	snprintf(finding->what, sizeof(finding->what), "%u x %u%s bytes of UDP over IPv%d%s",
		 train->n, train->size, tail, train->is_ipv6 ? 6 : 4, what);
}

/* Whether each has its length. */
static bool judge_lens(const struct wg_udp_train *train, const struct wg_udp_take *take,
		       struct wg_offload_finding *finding)
{
	char what[64];

	for (uint16_t i = 0; i < take->n; i++) {
		uint16_t len = i < train->n ? train->size : train->tail;

		if (take->lens[i] == len)
			continue;
		snprintf(what, sizeof(what), ": datagram %u came back with %u bytes instead of %u",
			 i + 1, take->lens[i], len);
		complain(train, what, finding);
		return false;
	}
	return true;
}

void wg_udp_train_judge(const struct wg_udp_train *train, const struct wg_udp_take *take,
			struct wg_offload_finding *finding)
{
	uint8_t bytes[WG_UDP_TRAIN_ROOM];
	size_t len = wg_udp_train_make(train, bytes);
	char what[64];

	*finding = (struct wg_offload_finding){.verdict = WG_OFFLOAD_GOOD};
	if (take->error) {
		snprintf(what, sizeof(what), ": send: %s", strerror(-take->error));
		complain(train, what, finding);
	} else if (take->n != train->n + (train->tail > 0)) {
		snprintf(what, sizeof(what), " came back as %u datagram%s", take->n,
			 take->n == 1 ? "" : "s");
		complain(train, what, finding);
	} else if (judge_lens(train, take, finding) && memcmp(bytes, take->bytes, len) != 0) {
		complain(train, " came back different", finding);
	}
}
