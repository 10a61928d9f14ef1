#include "keeper/resolver.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/silence.h"
#include "os/clock.h"

/* Pauses between tries that failed, in milliseconds: doubled each time. */
#define FIRST_PAUSE 1000u
#define LAST_PAUSE  64000u

/* A silent peer's name is asked for each time that it was noted so often, at least. */
#define ASK_EACH 8u

/* More addresses than that are not kept to be tried in turn. */
#define MAX_KNOWN 8u

struct name {
	struct wg_resolver *resolver;
	uint8_t public_key[WG_KEY_LEN]; /* the order of names */
	size_t peer;
	uv_getaddrinfo_t request;
	uv_timer_t timer;
	uint64_t pause; /* before the next try */
	bool busy;
	bool tried;
	struct wg_endpoint *known; /* the name's addresses, as they were found last */
	size_t n_known;
	struct wg_endpoint failed; /* where the peer was silent; family NONE: nowhere */
	int trouble;               /* what the last look-up said (uv_strerror); 0: none */
	uint32_t tries;            /* in a row with trouble */
	wg_time since;             /* of boot: when the first of them ended */
};

/* Not an error of libuv: the name is there, and has no address. */
#define HAS_NO_ADDRESS 1

struct wg_resolver {
	uv_loop_t *loop;
	const struct wg_conf *conf;
	struct wg_resolver_handler handler;
	struct name *names; /* and one more, whose timer stands in when nobody waits */
	size_t n;
	size_t n_tried;
	size_t n_open; /* timers and requests that libuv holds */
	bool closed;
};

static void release(struct wg_resolver *resolver)
{
	if (--resolver->n_open > 0)
		return;
	for (size_t i = 0; i < resolver->n; i++)
		free(resolver->names[i].known);
	free(resolver->names);
	free(resolver);
}

static void on_closed(uv_handle_t *handle)
{
	release(((struct name *)handle->data)->resolver);
}

/* The words of getaddrinfo(3), which libuv has others for. */
static const char *words_of(int trouble)
{
	switch (trouble) {
	case HAS_NO_ADDRESS:
	case UV_EAI_NODATA:
		return gai_strerror(EAI_NODATA);
	case UV_EAI_AGAIN:
		return gai_strerror(EAI_AGAIN);
	case UV_EAI_FAIL:
		return gai_strerror(EAI_FAIL);
	case UV_EAI_NONAME:
		return gai_strerror(EAI_NONAME);
	case UV_EAI_MEMORY:
		return gai_strerror(EAI_MEMORY);
	default:
		return uv_strerror(trouble);
	}
}

static struct wg_endpoint endpoint_of(const struct addrinfo *info, uint16_t port)
{
	struct wg_endpoint endpoint = {.port = port};

	if (info->ai_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)info->ai_addr;

		endpoint.ip = wg_ip_from_bytes(WG_FAMILY_IPV4, (const uint8_t *)&in->sin_addr);
	} else if (info->ai_family == AF_INET6) {
		const struct sockaddr_in6 *in = (const void *)info->ai_addr;

		endpoint.ip = wg_ip_from_bytes(WG_FAMILY_IPV6, (const uint8_t *)&in->sin6_addr);
		endpoint.scope = in->sin6_scope_id;
	}
	return endpoint;
}

/* The address behind the one that failed, around: a peer that is silent at one is tried
 * at the next, be it IPv6 or IPv4. The first, if none failed or the name has it no more. */
static void give(struct name *name)
{
	struct wg_resolver *resolver = name->resolver;
	bool silent = name->failed.ip.family != WG_FAMILY_NONE;
	size_t next = 0;

	for (size_t i = 0; silent && i < name->n_known; i++)
		if (wg_endpoint_equal(&name->known[i], &name->failed))
			next = (i + 1) % name->n_known;
	name->failed = (struct wg_endpoint){.port = 0};
	resolver->handler.found(resolver->handler.ctx, name->peer, &name->known[next], silent);
}

static bool is_known(const struct name *name, const struct wg_endpoint *endpoint)
{
	for (size_t i = 0; i < name->n_known; i++)
		if (wg_endpoint_equal(&name->known[i], endpoint))
			return true;
	return false;
}

/* 0, or what is wrong; then what was known stays. */
static int learn(struct name *name, const struct addrinfo *infos, uint16_t port)
{
	struct wg_endpoint *known = calloc(MAX_KNOWN, sizeof(*known));
	struct wg_endpoint *before = name->known;
	size_t n_before = name->n_known;

	if (!known)
		return UV_ENOMEM;
	name->known = known;
	name->n_known = 0;
	for (; infos && name->n_known < MAX_KNOWN; infos = infos->ai_next) {
		struct wg_endpoint endpoint = endpoint_of(infos, port);

		if (endpoint.ip.family != WG_FAMILY_NONE && !is_known(name, &endpoint))
			known[name->n_known++] = endpoint;
	}
	if (name->n_known) {
		free(before);
		return 0;
	}
	free(known);
	name->known = before;
	name->n_known = n_before;
	return HAS_NO_ADDRESS;
}

static void look_up(struct name *name);

static void on_timer(uv_timer_t *timer)
{
	look_up(timer->data);
}

static void try_later(struct name *name, int trouble)
{
	const struct wg_conf_peer *peer = &name->resolver->conf->peers[name->peer];

	/* Not at every try: there may be thousands of names, and no name server. */
	if (trouble != name->trouble)
		wg_log(WG_LOG_WARNING, "%s:%u: Endpoint %s: %s; trying again",
		       name->resolver->conf->file, peer->endpoint_line, peer->endpoint_host,
		       words_of(trouble));
	if (!name->tries++)
		name->since = wg_clock_now().boot;
	name->trouble = trouble;
	uv_timer_start(&name->timer, on_timer, name->pause, 0);
	if (name->pause < LAST_PAUSE)
		name->pause *= 2;
}

static void take(struct name *name, int status, const struct addrinfo *infos)
{
	const struct wg_conf *conf = name->resolver->conf;
	const struct wg_conf_peer *peer = &conf->peers[name->peer];
	int trouble = status ? status : learn(name, infos, peer->endpoint_port);

	if (trouble) {
		try_later(name, trouble);
		return;
	}
	if (name->trouble)
		wg_log(WG_LOG_NOTICE, "%s:%u: Endpoint %s: it is found now", conf->file,
		       peer->endpoint_line, peer->endpoint_host);
	name->pause = FIRST_PAUSE;
	name->trouble = 0;
	name->tries = 0;
	give(name);
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *infos)
{
	struct name *name = request->data;
	struct wg_resolver *resolver = name->resolver;
	bool first = !name->tried;

	name->busy = false;
	name->tried = true;
	if (!resolver->closed)
		take(name, status, infos);
	uv_freeaddrinfo(infos);
	resolver->n_tried += first;
	if (!resolver->closed && first && resolver->n_tried == resolver->n)
		resolver->handler.first_round(resolver->handler.ctx);
	release(resolver);
}

static void look_up(struct name *name)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_ADDRCONFIG};
	struct wg_resolver *resolver = name->resolver;
	int err = uv_getaddrinfo(resolver->loop, &name->request, on_resolved,
				 resolver->conf->peers[name->peer].endpoint_host, NULL, &hints);

	if (err) {
		resolver->n_tried += !name->tried;
		name->tried = true;
		try_later(name, err);
		return;
	}
	name->busy = true;
	resolver->n_open++;
}

/* A literal address is in the configuration already. */
static bool has_name(const struct wg_conf *conf, size_t i)
{
	struct wg_ip literal;

	return conf->peers[i].endpoint_host && !wg_ip_parse(&literal, conf->peers[i].endpoint_host);
}

/* What was found before is looked up again only when the peer falls silent. */
static void begin(struct name *name)
{
	if (!name->resolver->conf->config.peers[name->peer].has_endpoint) {
		look_up(name);
		return;
	}
	name->tried = true;
	name->resolver->n_tried++;
}

static void on_nothing_to_do(uv_timer_t *timer)
{
	struct name *name = timer->data;

	name->resolver->handler.first_round(name->resolver->handler.ctx);
}

static int compare_keys(const void *a, const void *b)
{
	return memcmp(((const struct name *)a)->public_key, ((const struct name *)b)->public_key,
		      WG_KEY_LEN);
}

static void collect_names(struct wg_resolver *resolver, const struct wg_conf *conf)
{
	for (size_t i = 0; i < conf->n_peers; i++) {
		struct name *name = &resolver->names[resolver->n];

		if (!has_name(conf, i))
			continue;
		name->peer = i;
		memcpy(name->public_key, conf->config.peers[i].public_key, WG_KEY_LEN);
		resolver->n++;
	}
	qsort(resolver->names, resolver->n, sizeof(*resolver->names), compare_keys);
}

int wg_resolver_new(struct wg_resolver **out, uv_loop_t *loop, const struct wg_conf *conf,
		    const struct wg_resolver_handler *handler)
{
	struct wg_resolver *resolver = calloc(1, sizeof(*resolver));

	if (!resolver)
		return -ENOMEM;
	resolver->names = calloc(conf->n_peers + 1, sizeof(*resolver->names));
	if (!resolver->names) {
		free(resolver);
		return -ENOMEM;
	}
	resolver->loop = loop;
	resolver->conf = conf;
	resolver->handler = *handler;
	collect_names(resolver, conf);
	resolver->n_open = resolver->n + 1;
	for (size_t i = 0; i < resolver->n_open; i++) {
		resolver->names[i].resolver = resolver;
		resolver->names[i].pause = FIRST_PAUSE;
		resolver->names[i].request.data = resolver->names[i].timer.data =
			&resolver->names[i];
		uv_timer_init(loop, &resolver->names[i].timer);
	}
	for (size_t i = 0; i < resolver->n; i++)
		begin(&resolver->names[i]);
	/* With nothing to wait for, first_round comes from the loop all the same. */
	if (resolver->n_tried == resolver->n)
		uv_timer_start(&resolver->names[resolver->n].timer, on_nothing_to_do, 0, 0);
	*out = resolver;
	return 0;
}

static struct name *find(const struct wg_resolver *resolver,
			 const uint8_t public_key[static WG_KEY_LEN])
{
	size_t from = 0;
	size_t to = resolver->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int order = memcmp(resolver->names[middle].public_key, public_key, WG_KEY_LEN);

		if (!order)
			return &resolver->names[middle];
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return NULL;
}

/* Less and less often, but often enough for a server that got a new address. */
static bool should_ask(const struct name *name, uint32_t initiations)
{
	uint32_t times = initiations / WG_SILENT_AFTER;

	if (name->busy || uv_is_active((const uv_handle_t *)&name->timer))
		return false;
	return !name->n_known || times % ASK_EACH == 0 || (times & (times - 1)) == 0;
}

void wg_resolver_silent(struct wg_resolver *resolver, const struct wg_silent_peer *silent)
{
	struct name *name = find(resolver, silent->public_key);

	if (!name || !silent->initiations)
		return;
	name->failed = silent->endpoint;
	if (should_ask(name, silent->initiations))
		look_up(name);
	else if (!name->busy && name->n_known)
		give(name);
}

size_t wg_resolver_names(const struct wg_resolver *resolver)
{
	return resolver->n;
}

bool wg_resolver_trouble_at(const struct wg_resolver *resolver, size_t i,
			    struct wg_resolver_trouble *trouble)
{
	const struct name *name = &resolver->names[i];
	const struct wg_conf_peer *peer = &resolver->conf->peers[name->peer];

	if (!name->trouble)
		return false;
	*trouble = (struct wg_resolver_trouble){
		.host = peer->endpoint_host,
		.line = peer->endpoint_line,
		.why = words_of(name->trouble),
		.tries = name->tries,
		.seconds = (uint64_t)((wg_clock_now().boot - name->since) / WG_SECOND),
	};
	return true;
}

bool wg_resolver_trouble(const struct wg_resolver *resolver,
			 const uint8_t public_key[static WG_KEY_LEN],
			 struct wg_resolver_trouble *trouble)
{
	const struct name *name = find(resolver, public_key);

	return name && wg_resolver_trouble_at(resolver, (size_t)(name - resolver->names), trouble);
}

void wg_resolver_close(struct wg_resolver *resolver)
{
	if (!resolver)
		return;
	resolver->closed = true;
	for (size_t i = 0; i <= resolver->n; i++) {
		if (resolver->names[i].busy)
			uv_cancel((uv_req_t *)&resolver->names[i].request);
		uv_close((uv_handle_t *)&resolver->names[i].timer, on_closed);
	}
}
