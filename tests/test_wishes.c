#include "wgtest.h"

#include "core/peer.h"
#include "core/wishes.h"

static struct wg_peer peers[100];
static struct wg_wishes wishes;

static int setup(void **state)
{
	(void)state;
	wg_wishes_init(&wishes);
	for (size_t i = 0; i < WG_ARRAY_LEN(peers); i++)
		wg_list_init(&peers[i].wants_handshake);
	return 0;
}

/* How many are taken until it is the peer's turn, it included. */
static size_t turns_until(const struct wg_peer *peer)
{
	size_t n = 1;

	while (wg_wishes_take(&wishes) != peer)
		n++;
	return n;
}

static void test_the_urgent_do_not_wait_for_the_many(void **state)
{
	(void)state;
	for (size_t i = 2; i < WG_ARRAY_LEN(peers); i++)
		wg_wishes_add(&wishes, &peers[i], i % 2 ? WG_WISH_AGAIN : WG_WISH_KEEPALIVE);
	wg_wishes_add(&wishes, &peers[0], WG_WISH_DATA);
	wg_wishes_add(&wishes, &peers[1], WG_WISH_RENEW);
	assert_true(turns_until(&peers[1]) <= 2);
	wg_wishes_add(&wishes, &peers[0], WG_WISH_DATA);
	assert_true(turns_until(&peers[0]) <= 4);
}

static void test_nobody_waits_for_ever_because_of_the_urgent(void **state)
{
	(void)state;
	for (size_t i = 0; i + 1 < WG_ARRAY_LEN(peers); i++)
		wg_wishes_add(&wishes, &peers[i], (enum wg_wish)(i % WG_WISH_AGAIN));
	wg_wishes_add(&wishes, &peers[99], WG_WISH_AGAIN);
	assert_true(turns_until(&peers[99]) <= 8);
}

static void test_a_wish_moves_up_and_not_down_and_is_granted_once(void **state)
{
	(void)state;
	wg_wishes_add(&wishes, &peers[0], WG_WISH_KEEPALIVE);
	wg_wishes_add(&wishes, &peers[1], WG_WISH_KEEPALIVE);
	wg_wishes_add(&wishes, &peers[1], WG_WISH_RENEW);
	wg_wishes_add(&wishes, &peers[1], WG_WISH_AGAIN);
	assert_ptr_equal(wg_wishes_take(&wishes), &peers[1]);
	assert_ptr_equal(wg_wishes_take(&wishes), &peers[0]);
	assert_null(wg_wishes_take(&wishes));
	assert_true(wg_wishes_empty(&wishes));
}

static void test_what_could_not_be_granted_is_first_again(void **state)
{
	struct wg_peer *peer;

	(void)state;
	wg_wishes_add(&wishes, &peers[0], WG_WISH_DATA);
	wg_wishes_add(&wishes, &peers[1], WG_WISH_DATA);
	peer = wg_wishes_take(&wishes);
	wg_wishes_put_back(&wishes, peer);
	assert_ptr_equal(peer, &peers[0]);
	assert_ptr_equal(wg_wishes_take(&wishes), peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_the_urgent_do_not_wait_for_the_many, setup),
		cmocka_unit_test_setup(test_nobody_waits_for_ever_because_of_the_urgent, setup),
		cmocka_unit_test_setup(test_a_wish_moves_up_and_not_down_and_is_granted_once,
				       setup),
		cmocka_unit_test_setup(test_what_could_not_be_granted_is_first_again, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
