/* Trains as no kernel should give them: a recvmmsg that says what the test wants. */
#include "udp_pair.h"

#include <netinet/udp.h>

/* What a message says of itself. */
struct claim {
	size_t len;
	int segment_len;
	size_t cmsg_len; /* of the number; 0: there is none */
	int flags;
};

static const struct claim *claims;
static size_t n_claims;

int __wrap_recvmmsg(int fd, struct mmsghdr *headers, unsigned int n, int flags,
		    struct timespec *timeout);

static void claim_segment_len(struct msghdr *header, const struct claim *claim)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(header);

	if (!claim->cmsg_len) {
		header->msg_controllen = 0;
		return;
	}
	assert_non_null(cmsg);
	cmsg->cmsg_level = SOL_UDP;
	cmsg->cmsg_type = UDP_GRO;
	cmsg->cmsg_len = CMSG_LEN(claim->cmsg_len);
	memcpy(CMSG_DATA(cmsg), &claim->segment_len, claim->cmsg_len);
	header->msg_controllen = CMSG_SPACE(sizeof(int));
}

int __wrap_recvmmsg(int fd, struct mmsghdr *headers, unsigned int n, int flags,
		    struct timespec *timeout)
{
	unsigned int i = 0;

	(void)fd, (void)flags, (void)timeout;
	for (; i < n && n_claims > 0; i++, n_claims--, claims++) {
		struct msghdr *header = &headers[i].msg_hdr;
		struct sockaddr_in *from = header->msg_name;

		*from = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(9)};
		header->msg_namelen = sizeof(*from);
		header->msg_flags = claims->flags;
		assert_true(claims->len <= header->msg_iov->iov_len);
		for (size_t k = 0; k < claims->len; k++)
			((uint8_t *)header->msg_iov->iov_base)[k] = (uint8_t)(k % 251);
		headers[i].msg_len = (unsigned int)claims->len;
		claim_segment_len(header, claims);
	}
	if (i)
		return (int)i;
	errno = EAGAIN;
	return -1;
}

/* What comes of a message: as many datagrams, of that length but for the last, that are
 * together what came. */
static void check(struct pair *pair, const struct claim *claim, size_t n, size_t len)
{
	struct wg_run run = {0};
	const struct wg_packet *packet;
	size_t at = 0;

	claims = claim;
	n_claims = 1;
	assert_int_equal(wg_udp_receive(pair->b, 0, pair->pool, &run, 1), 1);
	assert_int_equal(run.batch.n, n);
	wg_batch_for_each (packet, &run.batch) {
		assert_int_equal(packet->len, claim->len - at < len ? claim->len - at : len);
		assert_true(packet->len <= packet->room);
		for (uint32_t k = 0; k < packet->len; k++)
			assert_int_equal(packet->data[k], (at + k) % 251);
		at += packet->len;
	}
	assert_int_equal(at, claim->len);
	wg_batch_drop(&run.batch);
	assert_int_equal(wg_pool_bytes_used(pair->pool), 0);
}

static void test_a_train_is_cut_as_it_says_and_no_further_than_it_is(void **state)
{
	static const struct {
		struct claim claim;
		size_t n;
		size_t len;
	} cases[] = {
		{{300, 100, sizeof(int), 0}, 3, 100},
		{{250, 100, sizeof(int), 0}, 3, 100},
		{{101, 100, sizeof(int), 0}, 2, 100},
		{{100, 100, sizeof(int), 0}, 1, 100},
		{{99, 100, sizeof(int), 0}, 1, 99},
		{{0, 100, sizeof(int), 0}, 1, 1},
		{{0, 0, sizeof(int), 0}, 1, 1},
		{{300, 0, sizeof(int), 0}, 1, 300},
		{{300, 0, 0, 0}, 1, 300},
		{{300, -1, sizeof(int), 0}, 1, 300},
		{{300, 65535, sizeof(int), 0}, 1, 300},
		/* More than the sockets' own number can say. */
		{{300, 65536, sizeof(int), 0}, 1, 300},
		{{64, 1, sizeof(int), 0}, 64, 1},
		{{1000, 1, sizeof(int), 0}, 1000, 1},
		{{65507, 1472, sizeof(int), 0}, 45, 1472},
		{{65507, 32753, sizeof(int), 0}, 3, 32753},
		{{65507, 65506, sizeof(int), 0}, 2, 65506},
		/* A number that is not all there is none. */
		{{300, 100, 1, 0}, 1, 300},
		{{300, 100, 3, 0}, 1, 300},
	};

	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++)
		check(*state, &cases[i].claim, cases[i].n, cases[i].len);
}

static void test_a_message_that_did_not_fit_costs_the_others_nothing(void **state)
{
	static const struct claim said[] = {
		{250, 100, sizeof(int), 0},
		{65507, 65000, sizeof(int), MSG_TRUNC},
		{100, 0, 0, MSG_TRUNC},
		{200, 100, sizeof(int), 0},
	};
	struct pair *pair = *state;
	struct wg_run run = {0};
	size_t n = 0;

	claims = said;
	n_claims = WG_ARRAY_LEN(said);
	while (n_claims) {
		wg_udp_receive(pair->b, 0, pair->pool, &run, 1);
		n += run.batch.n;
		wg_batch_drop(&run.batch);
	}
	assert_int_equal(n, 5);
	assert_int_equal(wg_udp_stats(pair->b)->dropped_no_memory, 2);
	assert_int_equal(wg_pool_bytes_used(pair->pool), 0);
}

#define PAIR_TEST(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR_TEST(test_a_train_is_cut_as_it_says_and_no_further_than_it_is),
		PAIR_TEST(test_a_message_that_did_not_fit_costs_the_others_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
