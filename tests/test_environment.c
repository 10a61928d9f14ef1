#include "wgtest.h"

#include <errno.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "daemon/environment.h"

static int tear_down(void **state)
{
	(void)state;
	return unsetenv("TUFF_AEAD");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_the_cipher_that_is_named_is_used, tear_down),
		cmocka_unit_test_teardown(test_without_a_name_the_machine_decides, tear_down),
		cmocka_unit_test_teardown(test_an_unknown_cipher_is_an_error_with_a_hint,
					  tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
