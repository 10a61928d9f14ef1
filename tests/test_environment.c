#include "wgtest.h"

#include <errno.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "engine/workers.h"
#include "keeper/environment.h"

static int tear_down(void **state)
{
	(void)state;
	return unsetenv("TUFF_AEAD") | unsetenv("TUFF_WORKERS") | unsetenv("TUFF_OFFLOAD_PROBE");
}

static void test_the_cipher_that_is_named_is_used(void **state)
{
	struct wg_error error;

	(void)state;
	setenv("TUFF_AEAD", "sodium", 1);
	assert_int_equal(wg_environment_start_crypto(&error), 0);
	assert_string_equal(wg_crypto_aead_name(), "sodium");
}

static void test_without_a_name_the_machine_decides(void **state)
{
	struct wg_error error;

	(void)state;
	assert_int_equal(wg_crypto_init(NULL), 0);
	setenv("TUFF_AEAD", "", 1);
	assert_int_equal(wg_environment_start_crypto(&error), 0);
	unsetenv("TUFF_AEAD");
	assert_int_equal(wg_environment_start_crypto(&error), 0);
}

static void test_an_unknown_cipher_is_an_error_with_a_hint(void **state)
{
	struct wg_error error;

	(void)state;
	setenv("TUFF_AEAD", "rot13", 1);
	assert_int_equal(wg_environment_start_crypto(&error), -ENOENT);
	assert_non_null(strstr(error.text, "TUFF_AEAD=rot13"));
	assert_non_null(strstr(error.hint, "sodium"));
}

static int read_workers(const char *text, struct wg_environment *environment,
			struct wg_error *error)
{
	setenv("TUFF_WORKERS", text, 1);
	return wg_environment_read(environment, error);
}

static void test_the_number_of_workers_is_read(void **state)
{
	struct wg_environment environment;
	struct wg_error error;

	(void)state;
	assert_int_equal(read_workers("0", &environment, &error), 0);
	assert_int_equal(environment.workers, 0);
	assert_int_equal(read_workers("64", &environment, &error), 0);
	assert_int_equal(environment.workers, 64);
	assert_int_equal(read_workers("auto", &environment, &error), 0);
	assert_int_equal(environment.workers, WG_WORKERS_AUTO);
	assert_int_equal(read_workers("", &environment, &error), 0);
	assert_int_equal(environment.workers, WG_WORKERS_AUTO);
	assert_int_equal(read_workers("65", &environment, &error), -EINVAL);
	assert_int_equal(read_workers("-1", &environment, &error), -EINVAL);
	assert_non_null(strstr(error.text, "TUFF_WORKERS=-1"));
	assert_non_null(strstr(error.hint, "0: none"));
}

static void test_whether_to_probe_is_read(void **state)
{
	static const struct {
		const char *word;
		enum wg_probe_mode mode;
	} words[] = {
		{"", WG_PROBE_AUTO},
		{"auto", WG_PROBE_AUTO},
		{"always", WG_PROBE_ALWAYS},
		{"never", WG_PROBE_NEVER},
	};
	struct wg_environment environment;
	struct wg_error error;

	(void)state;
	assert_int_equal(wg_environment_read(&environment, &error), 0);
	assert_int_equal(environment.probe, WG_PROBE_AUTO);
	for (size_t i = 0; i < WG_ARRAY_LEN(words); i++) {
		setenv("TUFF_OFFLOAD_PROBE", words[i].word, 1);
		assert_int_equal(wg_environment_read(&environment, &error), 0);
		assert_int_equal(environment.probe, words[i].mode);
	}
	setenv("TUFF_OFFLOAD_PROBE", "newer", 1);
	assert_int_equal(wg_environment_read(&environment, &error), -EINVAL);
	assert_string_equal(error.text, "environment: TUFF_OFFLOAD_PROBE=newer: no such choice");
	assert_string_equal(error.hint, "did you mean never?");
	setenv("TUFF_OFFLOAD_PROBE", "xyzzy", 1);
	assert_int_equal(wg_environment_read(&environment, &error), -EINVAL);
	assert_string_equal(error.hint, "auto, always or never");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_the_cipher_that_is_named_is_used, tear_down),
		cmocka_unit_test_teardown(test_without_a_name_the_machine_decides, tear_down),
		cmocka_unit_test_teardown(test_an_unknown_cipher_is_an_error_with_a_hint,
					  tear_down),
		cmocka_unit_test_teardown(test_the_number_of_workers_is_read, tear_down),
		cmocka_unit_test_teardown(test_whether_to_probe_is_read, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
