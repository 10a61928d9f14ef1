#include "daemon/resolver.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* Pauses between tries that failed, in milliseconds: doubled each time. */
#define FIRST_PAUSE 1000u
#define LAST_PAUSE  64000u

struct name {
	struct wg_resolver *resolver;
	size_t peer;
	uv_getaddrinfo_t request;
	uv_timer_t timer;
	uint64_t pause; /* before the next try */
	bool busy;
	bool tried;
	struct wg_endpoint last; /* given last; family NONE: none yet */
};

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
	free(resolver->names);
	free(resolver);
}

static void on_closed(uv_handle_t *handle)
{
	release(((struct name *)handle->data)->resolver);
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

/* The address after the one that was given last, around: a peer that is silent at one
 * is tried at the next, be it IPv6 or IPv4. */
static struct wg_endpoint choose(const struct name *name, const struct addrinfo *infos,
				 uint16_t port)
{
	struct wg_endpoint first = {.port = 0};
	bool take_next = false;

	for (const struct addrinfo *info = infos; info; info = info->ai_next) {
		struct wg_endpoint endpoint = endpoint_of(info, port);

		if (endpoint.ip.family == WG_FAMILY_NONE)
			continue;
		if (take_next)
			return endpoint;
		if (first.ip.family == WG_FAMILY_NONE)
			first = endpoint;
		take_next = wg_endpoint_equal(&endpoint, &name->last);
	}
	return first;
}

static void look_up(struct name *name);

static void on_timer(uv_timer_t *timer)
{
	look_up(timer->data);
}

static void try_later(struct name *name, const char *why)
{
	const struct wg_conf_peer *peer = &name->resolver->conf->peers[name->peer];

	wg_log(WG_LOG_WARNING, "%s:%u: Endpoint %s: %s; trying again in %u s",
	       name->resolver->conf->file, peer->endpoint_line, peer->endpoint_host, why,
	       (unsigned int)(name->pause / 1000));
	uv_timer_start(&name->timer, on_timer, name->pause, 0);
	if (name->pause < LAST_PAUSE)
		name->pause *= 2;
}

static void take(struct name *name, int status, const struct addrinfo *infos)
{
	struct wg_resolver *resolver = name->resolver;
	struct wg_endpoint endpoint =
		choose(name, infos, resolver->conf->peers[name->peer].endpoint_port);

	if (status || endpoint.ip.family == WG_FAMILY_NONE) {
		try_later(name, status ? uv_strerror(status) : "it has no address");
		return;
	}
	name->pause = FIRST_PAUSE;
	name->last = endpoint;
	resolver->handler.found(resolver->handler.ctx, name->peer, &endpoint);
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
		try_later(name, uv_strerror(err));
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
	const struct wg_config_peer *peer = &name->resolver->conf->config.peers[name->peer];

	if (!peer->has_endpoint) {
		look_up(name);
		return;
	}
	name->last = peer->endpoint;
	name->tried = true;
	name->resolver->n_tried++;
}

static void on_nothing_to_do(uv_timer_t *timer)
{
	struct name *name = timer->data;

	name->resolver->handler.first_round(name->resolver->handler.ctx);
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
	for (size_t i = 0; i < conf->n_peers; i++)
		if (has_name(conf, i))
			resolver->names[resolver->n++].peer = i;
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

void wg_resolver_again(struct wg_resolver *resolver, size_t i)
{
	for (size_t k = 0; k < resolver->n; k++) {
		struct name *name = &resolver->names[k];

		if (name->peer == i && !name->busy && !uv_is_active((uv_handle_t *)&name->timer))
			look_up(name);
	}
}

size_t wg_resolver_names(const struct wg_resolver *resolver)
{
	return resolver->n;
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
