/* A tunnel's configuration file: everything of wg-quick's, and ours. Pure: it is parsed
 * from memory, and secrets that it keeps in other files are loaded by conf/keyfile.h.
 * Commands and the keeper have one, and the engine never. */
#ifndef WG_CONF_CONF_H
#define WG_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "base/error.h"
#include "confine/report.h"
#include "core/config.h"

/* The most bytes in a file: 10^6 peers with a dozen allowed IPs each fit. */
#define WG_CONF_MAX_SIZE (512u << 20)

/* The most bytes in one line, with those that continue it, without its newline. */
#define WG_CONF_MAX_LINE 65535

/* The room for a link's name, with its NUL (IFNAMSIZ). */
#define WG_CONF_LINK_LEN 16

/* Seconds that a hook may take when the file does not say. Below the 90 that systemd gives
 * a service to start or stop (DefaultTimeoutStopSec), so that the hook is named and its
 * tunnel taken back before all of it is killed. */
#define WG_CONF_HOOK_TIMEOUT 60

/* Line numbers count from 1; 0 says that the file does not have the key. */

struct wg_conf_text {
	char *text;
	unsigned int line;
};

struct wg_conf_texts {
	struct wg_conf_text *items;
	size_t n;
};

/* An address or prefix as it is written: host bits are kept. */
struct wg_conf_prefix {
	struct wg_prefix prefix;
	unsigned int line;
};

struct wg_conf_prefixes {
	struct wg_conf_prefix *items;
	size_t n;
};

struct wg_conf_route {
	struct wg_prefix prefix;
	struct wg_ip via; /* WG_FAMILY_NONE: none */
	uint32_t metric;  /* 0: the kernel's default */
	unsigned int line;
};

struct wg_conf_sysctl {
	char *path; /* under /proc/sys (base/sysctl_name.h) */
	char *value;
	unsigned int line;
};

/* Where a key comes from. */
enum wg_conf_from {
	WG_CONF_FROM_NOWHERE,
	WG_CONF_FROM_HERE,      /* the file itself; the key is in config */
	WG_CONF_FROM_FILE,      /* path, made absolute or relative to the working folder */
	WG_CONF_FROM_CREDENTIAL /* path is a file's name in $CREDENTIALS_DIRECTORY */
};

struct wg_conf_key {
	enum wg_conf_from from;
	char *path;
	unsigned int line;
};

/* config.peers[i] has the rest of peers[i]. */
struct wg_conf_peer {
	unsigned int line; /* of its "[Peer]" */
	char *name;        /* NULL: none */
	unsigned int name_line;

	struct wg_conf_key public_key;
	struct wg_conf_key preshared_key;

	/* As written, an IPv6 address without its brackets. A literal address is in
	 * config as well (has_endpoint); a name, or one with %SCOPE, is to be resolved. */
	char *endpoint_host; /* NULL: no endpoint */
	uint16_t endpoint_port;
	unsigned int endpoint_line;

	unsigned int keepalive_line;
	struct wg_conf_prefixes allowed_ips; /* in the order of config's, as written */
};

enum wg_conf_table { WG_CONF_TABLE_AUTO, WG_CONF_TABLE_OFF, WG_CONF_TABLE_NUMBER };

/* This host routes for its peers. */
struct wg_conf_forward {
	bool on;
	char uplink[WG_CONF_LINK_LEN]; /* empty: not said */
	unsigned int line;
};

enum wg_conf_offload {
	WG_CONF_OFFLOAD_TSO = 1 << 0,
	WG_CONF_OFFLOAD_USO = 1 << 1,
	WG_CONF_OFFLOAD_GSO = 1 << 2,
	WG_CONF_OFFLOAD_GRO = 1 << 3,
	WG_CONF_OFFLOAD_ALL = 15
};

enum wg_conf_hook {
	WG_CONF_PRE_UP,
	WG_CONF_POST_UP,
	WG_CONF_PRE_DOWN,
	WG_CONF_POST_DOWN,
	WG_CONF_N_HOOKS
};

/* A key that was given again; the later one counts, as for wg. */
struct wg_conf_repeat {
	const char *key; /* as the documentation spells it */
	unsigned int before;
	unsigned int line;
};

struct wg_conf {
	char *file;                  /* as messages name it; %i does not apply */
	char name[WG_CONF_LINK_LEN]; /* the link's */

	/* The wanted state, whole: replace_peers and each peer's replace_allowed_ips are
	 * set, and what the file leaves out is there as zero. Allowed IPs are masked. */
	struct wg_config config;
	struct wg_conf_key private_key;
	unsigned int listen_port_line; /* 0: the default, or any free port if it is taken */
	unsigned int fwmark_line;

	struct wg_conf_peer *peers;
	size_t n_peers;

	struct wg_conf_prefixes addresses;
	struct wg_conf_prefixes dns_servers;
	struct wg_conf_texts dns_domains;
	uint32_t mtu; /* 0: to be found */
	unsigned int mtu_line;
	enum wg_conf_table table_mode;
	uint32_t table; /* where WG_CONF_TABLE_NUMBER */
	unsigned int table_line;
	struct wg_conf_texts hooks[WG_CONF_N_HOOKS]; /* %i replaced */
	uint32_t hook_timeout;                       /* seconds that each may take; 0: any */
	unsigned int hook_timeout_line;
	bool save_config;
	unsigned int save_config_line;

	struct wg_conf_forward forward_ipv4;
	struct wg_conf_forward forward_ipv6;
	char proxy_ndp[WG_CONF_LINK_LEN]; /* empty: none */
	unsigned int proxy_ndp_line;
	struct wg_conf_sysctl *sysctls;
	size_t n_sysctls;
	struct wg_conf_route *routes;
	size_t n_routes;
	bool clamp_mss;
	unsigned int clamp_mss_line;
	unsigned int offloads; /* of enum wg_conf_offload: those that may be used */
	bool offload_auto;     /* those that turn out to work; otherwise exactly these */
	unsigned int offload_line;
	bool workers_auto;
	unsigned int workers; /* where not auto; 0: none, the loop does it */
	unsigned int workers_line;
	enum wg_confine_mode confine; /* of the engine's process */
	unsigned int confine_line;

	struct wg_conf_repeat *repeats;
	size_t n_repeats;
};

/* Parses len bytes of text. file is what messages call it and what paths in it are
 * relative to; name is the link's. On success deinit it; on failure error says
 * FILE:LINE: KEY VALUE: WHY and conf needs nothing. 0, -EINVAL, -E2BIG (a limit is
 * passed) or -ENOMEM. */
int wg_conf_parse(struct wg_conf *conf, const char *file, const char *name, const char *text,
		  size_t len, struct wg_error *error);

/* Wipes and frees. */
void wg_conf_deinit(struct wg_conf *conf);

#endif
