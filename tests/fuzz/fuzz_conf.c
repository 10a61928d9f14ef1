/* Configuration files. What is wrong must be said in one line; what is right must be
 * in step and can be given back. */
#include <assert.h>
#include <string.h>

#include "ctl/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_peers(const struct wg_conf *conf)
{
	assert(conf->n_peers == conf->config.n_peers);
	for (size_t i = 0; i < conf->n_peers; i++) {
		const struct wg_conf_peer *peer = &conf->peers[i];

		assert(peer->public_key.from != WG_CONF_FROM_NOWHERE);
		assert(peer->allowed_ips.n == conf->config.peers[i].n_allowed_ips);
		assert(!peer->endpoint_host || peer->endpoint_port);
		assert(peer->endpoint_host || !conf->config.peers[i].has_endpoint);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct wg_conf conf;
	struct wg_error error;

	if (!wg_conf_parse(&conf, "/etc/tuff/wg0.conf", "wg0", (const char *)data, len, &error)) {
		check_peers(&conf);
		for (size_t i = 0; i < conf.n_sysctls; i++)
			assert(!strncmp(conf.sysctls[i].path, "net/", 4));
		wg_conf_deinit(&conf);
		return 0;
	}
	assert(!strncmp(error.text, "/etc/tuff/wg0.conf", 18));
	assert(!strchr(error.text, '\n') && !strchr(error.hint, '\n'));
	return 0;
}
