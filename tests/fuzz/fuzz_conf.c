/* Configuration files. What is wrong must be said in one line; what is right must be
 * in step, can be explained as text and JSON, written and read again, and given
 * back. */
#include <stdlib.h>
#include <string.h>

#include "conf/check.h"
#include "conf/conf.h"
#include "conf/confwrite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_peers(const struct wg_conf *conf)
{
	require(conf->n_peers == conf->config.n_peers);
	for (size_t i = 0; i < conf->n_peers; i++) {
		const struct wg_conf_peer *peer = &conf->peers[i];

		require(peer->public_key.from != WG_CONF_FROM_NOWHERE);
		require(peer->allowed_ips.n == conf->config.peers[i].n_allowed_ips);
		require(!peer->endpoint_host || peer->endpoint_port);
		require(peer->endpoint_host || !conf->config.peers[i].has_endpoint);
	}
}

static void explain(const struct wg_conf *conf)
{
	const struct wg_check_host host = {.others_can_read = true};
	struct wg_check check;
	json_t *json;
	char *text;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	require(file != NULL);
	wg_check_init(&check, conf->file);
	wg_check_conf(&check, conf, &host);
	require(!check.failed);
	wg_check_print(file, &check);
	json = wg_check_json(&check);
	require(json && json_array_size(json_object_get(json, "findings")) == check.n_findings);
	json_decref(json);
	wg_check_deinit(&check);
	fclose(file);
	free(text);
}

/* What is written is read as the same, so that it would be written the same again. */
static void write_again(const struct wg_conf *conf)
{
	struct wg_error error;
	struct wg_conf read;
	struct wg_text text;
	struct wg_text again;

	wg_confwrite_text(&text, conf, &conf->config);
	require(!text.failed);
	require(!wg_conf_parse(&read, conf->file, "wg0", text.data, text.len, &error));
	wg_confwrite_text(&again, &read, &read.config);
	require(!again.failed && again.len == text.len);
	require(!memcmp(text.data, again.data, text.len));
	wg_conf_deinit(&read);
	wg_text_deinit(&again);
	wg_text_deinit(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct wg_conf conf;
	struct wg_error error;

	if (!wg_conf_parse(&conf, "/etc/tuff/wg0.conf", "wg0", (const char *)data, len, &error)) {
		check_peers(&conf);
		for (size_t i = 0; i < conf.n_sysctls; i++)
			require(!strncmp(conf.sysctls[i].path, "net/", 4));
		explain(&conf);
		write_again(&conf);
		wg_conf_deinit(&conf);
		return 0;
	}
	require(!strncmp(error.text, "/etc/tuff/wg0.conf", 18));
	require(!strchr(error.text, '\n') && !strchr(error.hint, '\n'));
	return 0;
}
