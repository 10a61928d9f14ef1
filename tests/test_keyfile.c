#include "wgtest.h"

#include <errno.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/keyfile.h"

#define NINE "CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static char folder[] = "/tmp/tuff-keyfile-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static const char *in_folder(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	FILE *file = fopen(in_folder(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(in_folder(name), mode), 0);
}

static struct wg_conf parsed(const char *text)
{
	struct wg_conf conf;
	struct wg_error error;
	char file[128];

	snprintf(file, sizeof(file), "%s", in_folder("wg0.conf"));
	assert_int_equal(wg_conf_parse(&conf, file, "wg0", text, strlen(text), &error), 0);
	return conf;
}

/* Loads the keys of text; the error is expected (with %s for the folder), or none if
 * that is NULL. */
static void assert_load(const char *text, const char *credentials, const char *expected,
			const char *hint)
{
	struct wg_conf conf = parsed(text);
	struct wg_error error;
	char *full;
	int result = wg_keyfile_load(&conf, credentials, &error);

	wg_conf_deinit(&conf);
	assert_int_equal(result, expected ? -EINVAL : 0);
	if (!expected) {
		assert_string_equal(error.text, "");
		return;
	}
	assert_true(asprintf(&full, "%s/wg0.conf:%s", folder, expected) > 0);
	assert_string_equal(error.text, full);
	free(full);
	assert_true(asprintf(&full, hint, folder) >= 0);
	assert_string_equal(error.hint, full);
	free(full);
}

static void assert_refused(const char *text, const char *why, const char *hint)
{
	char *expected;

	assert_true(asprintf(&expected, "2: PrivateKeyFile %s", why) > 0);
	assert_load(text, NULL, expected, hint);
	free(expected);
}

static void test_keys_are_loaded_from_their_files(void **state)
{
	struct wg_conf conf = parsed("[Interface]\nPrivateKeyFile = %i.private\n[Peer]\n"
				     "PublicKeyFile = public\nPresharedKeyFile = psk\n");
	struct wg_error error;

	(void)state;
	write_file("wg0.private", NINE "\n", 0600);
	write_file("public", NINE "\r\n\n", 0644);
	write_file("psk", NINE, 0400);
	assert_int_equal(wg_keyfile_load(&conf, NULL, &error), 0);
	assert_true(conf.config.has_private_key);
	assert_int_equal(wg_lockedkey_bytes(&conf.config.private_key)[0], 9);
	assert_int_equal(conf.config.peers[0].public_key[0], 9);
	assert_int_equal(wg_lockedkey_bytes(&conf.config.peers[0].preshared_key)[0], 9);
	wg_conf_deinit(&conf);
}

static void test_a_configuration_without_a_key_has_none(void **state)
{
	struct wg_conf conf = parsed("[Interface]\n");
	struct wg_error error;

	(void)state;
	assert_int_equal(wg_keyfile_load(&conf, NULL, &error), 0);
	assert_false(conf.config.has_private_key);
	wg_conf_deinit(&conf);
}

static void test_a_missing_key_comes_with_the_command_that_makes_it(void **state)
{
	char why[256];

	(void)state;
	snprintf(why, sizeof(why), "%s: No such file or directory", in_folder("none"));
	assert_refused("[Interface]\nPrivateKeyFile = none\n", why,
		       "make one with: (umask 077; tuff genkey > %s/none)");
	snprintf(why, sizeof(why), "3: PublicKeyFile %s: No such file or directory",
		 in_folder("none"));
	assert_load("[Interface]\n[Peer]\nPublicKeyFile = none\n", NULL, why,
		    "on the other host: tuff pubkey < its private key; put what it prints here");
	snprintf(why, sizeof(why), "4: PresharedKeyFile %s: No such file or directory",
		 in_folder("none"));
	assert_load("[Interface]\n[Peer]\nPublicKey = " NINE "\nPresharedKeyFile = none\n", NULL,
		    why,
		    "make one with: (umask 077; tuff genpsk > %s/none), the same on both hosts");
}

static void test_a_secret_that_others_can_read_is_refused(void **state)
{
	static const mode_t modes[] = {0604, 0660, 0644, 0610, 0444};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(modes); i++) {
		char why[256];

		write_file("open", NINE, modes[i]);
		snprintf(why, sizeof(why), "%s: others can read it (mode %04o)", in_folder("open"),
			 modes[i]);
		assert_refused("[Interface]\nPrivateKeyFile = open\n", why,
			       "chmod 600 %s/open (in a Kubernetes volume: defaultMode: 0400)");
	}
}

/* As Kubernetes gives it to a pod with an fsGroup. */
static void test_a_group_that_we_are_in_may_read_a_secret(void **state)
{
	char why[256];

	(void)state;
	write_file("shared", NINE, 0440);
	assert_load("[Interface]\nPrivateKeyFile = shared\n", NULL, NULL, NULL);
	if (chown(in_folder("shared"), (uid_t)-1, 30567))
		wg_test_skip("needs root, to give a file to another group");
	snprintf(why, sizeof(why), "%s: others can read it (mode 0440)", in_folder("shared"));
	assert_refused("[Interface]\nPrivateKeyFile = shared\n", why,
		       "chmod 600 %s/shared (in a Kubernetes volume: defaultMode: 0400)");
	assert_int_equal(setgroups(1, (const gid_t[]){30567}), 0);
	assert_load("[Interface]\nPrivateKeyFile = shared\n", NULL, NULL, NULL);
	assert_int_equal(setgroups(0, NULL), 0);
}

static void test_a_secret_of_somebody_else_is_refused(void **state)
{
	char why[256];

	(void)state;
	write_file("theirs", NINE, 0600);
	if (chown(in_folder("theirs"), 30567, (gid_t)-1))
		wg_test_skip("needs root, to give a file away");
	snprintf(why, sizeof(why), "%s: it belongs to user 30567", in_folder("theirs"));
	assert_refused("[Interface]\nPrivateKeyFile = theirs\n", why, "chown root %s/theirs");
}

static void test_a_file_without_a_key_is_refused(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
		{"", "it is empty"},
		{"\n", "it does not hold a key, which is 44 characters of base64"},
		{NINE " " NINE, "it does not hold a key, which is 44 characters of base64"},
		{" " NINE, "it does not hold a key, which is 44 characters of base64"},
		{"PrivateKey = " NINE, "it does not hold a key, which is 44 characters of base64"},
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		char why[256];

		write_file("wrong", cases[i].text, 0600);
		snprintf(why, sizeof(why), "%s: %s", in_folder("wrong"), cases[i].why);
		assert_refused("[Interface]\nPrivateKeyFile = wrong\n", why, "");
	}
}

static void test_a_fifo_or_folder_is_no_key_file(void **state)
{
	char why[256];

	(void)state;
	assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
	snprintf(why, sizeof(why), "%s: not an ordinary file", in_folder("fifo"));
	assert_refused("[Interface]\nPrivateKeyFile = fifo\n", why, "");
	snprintf(why, sizeof(why), "%s: not an ordinary file", in_folder("."));
	assert_refused("[Interface]\nPrivateKeyFile = .\n", why, "");
}

static void test_a_credential_comes_from_its_folder(void **state)
{
	const char *text = "[Interface]\nPrivateKeyFile = credential:%i.key\n";

	(void)state;
	/* As systemd leaves it, with an access list. */
	write_file("wg0.key", NINE, 0440);
	assert_load(text, folder, NULL, NULL);
	assert_load(text, NULL,
		    "2: PrivateKeyFile credential:wg0.key: there are no credentials "
		    "($CREDENTIALS_DIRECTORY is not set)",
		    "start it as a systemd service with LoadCredential=wg0.key:FILE");
	assert_load(text, "/nowhere",
		    "2: PrivateKeyFile credential:wg0.key: No such file or directory",
		    "in the unit: LoadCredential=wg0.key:FILE; systemd puts it at "
		    "/nowhere/wg0.key");
}

static void count_line(void *ctx, unsigned int line, const struct wg_error *error)
{
	unsigned int *lines = ctx;

	assert_true(error->text[0] != '\0');
	*lines = 100 * *lines + line;
}

static void test_every_failure_is_told(void **state)
{
	struct wg_conf conf = parsed("[Interface]\nPrivateKeyFile = none\n[Peer]\n"
				     "PublicKeyFile = none\nPresharedKeyFile = none\n");
	unsigned int lines = 0;

	(void)state;
	assert_int_equal(wg_keyfile_load_all(&conf, NULL, count_line, &lines), 3);
	assert_int_equal(lines, 20405);
	wg_conf_deinit(&conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_are_loaded_from_their_files),
		cmocka_unit_test(test_a_configuration_without_a_key_has_none),
		cmocka_unit_test(test_a_missing_key_comes_with_the_command_that_makes_it),
		cmocka_unit_test(test_a_secret_that_others_can_read_is_refused),
		cmocka_unit_test(test_a_group_that_we_are_in_may_read_a_secret),
		cmocka_unit_test(test_a_secret_of_somebody_else_is_refused),
		cmocka_unit_test(test_a_file_without_a_key_is_refused),
		cmocka_unit_test(test_a_fifo_or_folder_is_no_key_file),
		cmocka_unit_test(test_a_credential_comes_from_its_folder),
		cmocka_unit_test(test_every_failure_is_told),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
