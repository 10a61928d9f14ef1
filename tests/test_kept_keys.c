/* Where a tunnel's keys are once its file was read: all of this process's memory is searched
 * for them. They are known here only with their bits flipped, since else the test itself
 * would have what it looks for; another process writes the files. */
#include "wgtest.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conf/readconf.h"
#include "crypto/crypto.h"
#include "crypto/encoding.h"
#include "crypto/secret.h"
#include "crypto/text.h"
#include "ctl/uapi.h"
#include "os/process.h"

#define N_KEYS   3u
#define FLIP     0x5au
#define MAX_MAPS 4096u
/* What a sanitizer maps for itself is larger. */
#define MAX_MAP  ((size_t)1 << 26)

/* They lock nothing, having so much. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LOCKS 0
#elif defined(__has_feature)
#define LOCKS (!__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer))
#else
#define LOCKS 1
#endif

struct map {
	const volatile uint8_t *from;
	size_t len;
	bool secret; /* neither dumped nor given to children */
	bool locked;
};

/* With their bits flipped; shared with who writes the files. */
static struct flipped {
	uint8_t key[N_KEYS][WG_KEY_LEN];
	uint8_t text[N_KEYS][WG_KEY_BASE64_LEN];
} * flipped;

static struct map maps[MAX_MAPS];
static size_t n_maps;
static char folder[] = "/tmp/tuff-kept-keys-XXXXXX";
static char path[64];

static void flip(uint8_t *to, const void *from, size_t len)
{
	const uint8_t *bytes = from;

	for (size_t i = 0; i < len; i++)
		to[i] = bytes[i] ^ FLIP;
}

static void write_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		_exit(1);
	close(fd);
}

static void write_files(void)
{
	struct wg_test_random random = {11};
	char base64[N_KEYS][WG_KEY_BASE64_LEN + 1];
	uint8_t key[WG_KEY_LEN];
	char text[32768];

	for (size_t i = 0; i < N_KEYS; i++) {
		wg_test_fill(&random, key, sizeof(key));
		flip(flipped->key[i], key, sizeof(key));
		wg_key_encode(base64[i], key);
		flip(flipped->text[i], base64[i], WG_KEY_BASE64_LEN);
	}
	/* The last key is where nothing overwrites it by chance: behind many blanks, and no
	 * line comes after it. */
	snprintf(text, sizeof(text),
		 "[Interface]\nPrivateKey = %s\n[Peer]\nPublicKey = "
		 "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nPresharedKeyFile = psk\n[Peer]\n"
		 "PublicKey = AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		 "PresharedKey = %20000s\n",
		 base64[0], base64[1]);
	if (chdir(folder))
		_exit(1);
	write_file("wg0.conf", text);
	write_file("psk", base64[2]);
	_exit(0);
}

static int setup(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	flipped = mmap(NULL, sizeof(*flipped), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	assert_true(flipped != MAP_FAILED);
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/wg0.conf", folder);
	pid = fork();
	if (!pid)
		write_files();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	wg_process_prepare();
	return 0;
}

static int teardown(void **state)
{
	char name[64];

	(void)state;
	unlink(path);
	snprintf(name, sizeof(name), "%s/psk", folder);
	unlink(name);
	return rmdir(folder);
}

/* proc_pid_smaps(5) */
static void list_maps(void)
{
	FILE *file = fopen("/proc/self/smaps", "r");
	unsigned long from;
	unsigned long to;
	char rights[5];
	char line[512];
	struct map *map = NULL;

	assert_non_null(file);
	n_maps = 0;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%lx %4s", &from, &to, rights) == 3) {
			map = NULL;
			if (strcmp(rights, "rw-p") != 0 || to - from > MAX_MAP)
				continue;
			assert_true(n_maps < MAX_MAPS);
			map = &maps[n_maps++];
			*map = (struct map){.from = (const volatile uint8_t *)from,
					    .len = to - from};
		} else if (map && !strncmp(line, "VmFlags:", 8)) {
			map->secret = strstr(line, " dc") && strstr(line, " dd");
			map->locked = strstr(line, " lo");
		}
	}
	fclose(file);
	assert_true(n_maps > 3);
}

/* Half of a key is enough. Bytes are looked at one by one, so that no copy is made. */
__attribute__((no_sanitize("address", "thread"))) static size_t
count_in(const struct map *map, const uint8_t *wanted, size_t len)
{
	size_t half = len / 2;
	size_t n = 0;

	for (size_t at = 0; at + half <= map->len; at++) {
		size_t i = 0;

		while (i < half && (map->from[at + i] ^ FLIP) == wanted[i])
			i++;
		if (i < half)
			for (i = 0; i < half && (map->from[at + i] ^ FLIP) == wanted[half + i];)
				i++;
		n += i == half;
	}
	return n;
}

static size_t count(bool secret, const uint8_t *wanted, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < n_maps; i++)
		if (maps[i].secret == secret)
			n += count_in(&maps[i], wanted, len);
	return n;
}

static void test_keys_of_a_file_are_in_locked_memory_alone(void **state)
{
	struct wg_check check;
	struct wg_error error;
	struct wg_conf conf;
	size_t held = wg_secret_bytes_held();

	(void)state;
	assert_int_equal(wg_readconf(&conf, path, &check, &error), 0);
	list_maps();
	for (size_t i = 0; i < N_KEYS; i++) {
		if (count(false, flipped->key[i], WG_KEY_LEN))
			fail_msg("key %zu is in memory that may be swapped", i);
		if (count(false, flipped->text[i], WG_KEY_BASE64_LEN))
			fail_msg("the text of key %zu is in memory that may be swapped", i);
		if (!count(true, flipped->key[i], WG_KEY_LEN))
			fail_msg("key %zu is nowhere", i);
		assert_int_equal(count(true, flipped->text[i], WG_KEY_BASE64_LEN), 0);
	}
	wg_conf_deinit(&conf);
	wg_check_deinit(&check);
	list_maps();
	for (size_t i = 0; i < N_KEYS; i++) {
		assert_int_equal(count(false, flipped->key[i], WG_KEY_LEN), 0);
		assert_int_equal(count(true, flipped->key[i], WG_KEY_LEN), 0);
	}
	/* The slabs that were made for them may stay; what was larger is given back. */
	assert_true(wg_secret_bytes_held() - held <= (size_t)3 * 65536);
}

static void test_memory_for_secrets_is_locked_where_it_may_be(void **state)
{
	void *secret = wg_secret_new(32);
	struct rlimit limit;
	size_t n_secret = 0;

	(void)state;
	assert_non_null(secret);
	assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &limit), 0);
	list_maps();
	for (size_t i = 0; i < n_maps; i++) {
		n_secret += maps[i].secret;
		if (LOCKS && maps[i].secret && limit.rlim_cur >= 4 << 20)
			assert_true(maps[i].locked);
	}
	assert_true(n_secret > 0);
	wg_secret_free(secret, 32);
}

/* In hexadecimal as the control socket has it, with its bits flipped. */
static void flip_hex(uint8_t *to, const uint8_t *flipped_key)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < WG_KEY_LEN; i++) {
		uint8_t byte = flipped_key[i] ^ FLIP;

		to[2 * i] = (uint8_t)digits[byte >> 4] ^ FLIP;
		to[2 * i + 1] = (uint8_t)digits[byte & 15] ^ FLIP;
	}
}

static void refuse_secrets_elsewhere(const uint8_t *wanted, size_t len, const char *what)
{
	list_maps();
	if (count(false, wanted, len))
		fail_msg("%s is in memory that may be swapped", what);
	if (!count(true, wanted, len))
		fail_msg("%s is nowhere", what);
}

static uint32_t no_scope(const char *name)
{
	(void)name;
	return 0;
}

static void test_keys_of_a_request_and_its_answer_are_in_locked_memory_alone(void **state)
{
	static const char set[] = "set=1\nprivate_key=";
	const size_t len = strlen(set) + 2 * WG_KEY_LEN;
	struct wg_uapi_parser *parser = wg_uapi_parser_new(no_scope);
	char *request = wg_secret_new(len); /* as the server has it */
	uint8_t hex[2 * WG_KEY_LEN];
	struct wg_text text;
	size_t used;

	(void)state;
	assert_true(parser && request);
	flip_hex(hex, flipped->key[0]);
	memcpy(request, set, strlen(set));
	for (size_t i = 0; i < sizeof(hex); i++)
		request[strlen(set) + i] = (char)(hex[i] ^ FLIP);
	assert_int_equal(wg_uapi_parse(parser, request, len, &used), 0);
	wg_secret_free(request, len);
	refuse_secrets_elsewhere(hex, sizeof(hex), "the line of a request");
	assert_int_equal(wg_uapi_parse(parser, "\n\n", 2, &used), 1);
	list_maps();
	assert_int_equal(count(true, hex, sizeof(hex)), 0);
	wg_text_init_secret(&text);
	wg_uapi_format_device(&text, wg_uapi_config(parser));
	/* It grows, and leaves nothing where it was. */
	for (size_t i = 0; i < 5000; i++)
		wg_text_printf(&text, "allowed_ip=::/0\n");
	assert_false(text.failed);
	refuse_secrets_elsewhere(hex, sizeof(hex), "an answer");
	wg_text_deinit(&text);
	wg_uapi_parser_free(parser);
	list_maps();
	assert_int_equal(count(true, hex, sizeof(hex)) + count(false, hex, sizeof(hex)), 0);
	assert_int_equal(count(true, flipped->key[0], WG_KEY_LEN), 0);
}

/* A key costs memory where there is one. */
static void test_peers_without_a_preshared_key_take_no_locked_memory(void **state)
{
	const uint8_t none[WG_KEY_LEN] = {0};
	struct wg_config config;
	size_t held = wg_secret_bytes_held();

	(void)state;
	wg_config_init(&config);
	for (size_t i = 0; i < 10000; i++) {
		struct wg_config_peer *peer = wg_config_add_peer(&config);

		assert_non_null(peer);
		assert_int_equal(wg_lockedkey_set(&peer->preshared_key, none), 0);
	}
	assert_int_equal(wg_secret_bytes_held(), held);
	wg_config_deinit(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_of_a_file_are_in_locked_memory_alone),
		cmocka_unit_test(test_keys_of_a_request_and_its_answer_are_in_locked_memory_alone),
		cmocka_unit_test(test_memory_for_secrets_is_locked_where_it_may_be),
		cmocka_unit_test(test_peers_without_a_preshared_key_take_no_locked_memory),
	};

	return wg_crypto_init(NULL) || cmocka_run_group_tests(tests, setup, teardown);
}
