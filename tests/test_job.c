#include "wgtest.h"

#include "core/job.h"
#include "crypto/secret.h"

/* Exchanges hold both private keys of a handshake while it is computed. */
static void test_an_exchange_that_is_put_back_has_been_wiped(void **state)
{
	struct wg_job_store store;
	struct wg_exchange *exchange;
	struct wg_job *job;
	size_t kept = offsetof(struct wg_exchange, next_free) + sizeof(exchange->next_free);

	(void)state;
	assert_int_equal(wg_job_store_init(&store), 0);
	job = wg_job_new(&store, WG_JOB_INITIATE);
	assert_non_null(job);
	exchange = job->exchange;
	memset((uint8_t *)exchange + kept, 0xff, sizeof(*exchange) - kept);
	wg_job_put(&store, job);
	assert_ptr_equal(store.free_exchanges, exchange);
	assert_true(wg_is_zero((uint8_t *)exchange + kept, sizeof(*exchange) - kept));
	wg_job_store_deinit(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_exchange_that_is_put_back_has_been_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
