/* How many handshakes a core makes and answers, and which share that is of what the
 * Diffie-Hellman function alone would allow. One JSON object a line. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "noise/cookie.h"
#include "noise/handshake.h"
#include "wgbench.h"

struct side {
	struct wg_identity identity;
	struct wg_remote remote; /* the other side */
	struct wg_cookie_jar jar;
	struct wg_cookie_checker checker;
	struct wg_handshake handshake;
	struct wg_session session;
};

struct pair {
	struct side initiator;
	struct side responder;
	struct wg_wire_initiation initiation;
	struct wg_wire_response response;
	struct wg_random random;
	struct wg_endpoint source;
};

static void init_side(struct side *side, const struct wg_random *random)
{
	uint8_t key[WG_KEY_LEN];

	wg_random_fill(random, key, sizeof(key));
	wg_identity_init(&side->identity, key);
	wg_cookie_checker_init(&side->checker, side->identity.public_key);
}

static void introduce(struct side *side, const struct side *other)
{
	memcpy(side->remote.public_key, other->identity.public_key, WG_KEY_LEN);
	wg_cookie_jar_init(&side->jar, other->identity.public_key);
	wg_remote_reset(&side->remote, &side->identity);
	if (!wg_remote_compute(&side->remote, &side->identity))
		abort();
}

static void check_mac1(struct pair *p, struct side *side, const void *message, size_t len)
{
	if (wg_cookie_check(&side->checker, message, len, &p->source, false, 0, &p->random) !=
	    WG_MAC_VALID)
		abort();
}

static void create_initiation(void *ctx)
{
	static const uint8_t timestamp[WG_TAI64N_LEN];
	struct pair *p = ctx;
	struct side *side = &p->initiator;
	uint8_t ephemeral[WG_KEY_LEN];

	wg_random_fill(&p->random, ephemeral, sizeof(ephemeral));
	if (!wg_handshake_create_initiation(&side->handshake, &p->initiation, &side->identity,
					    &side->remote, timestamp, ephemeral, 1))
		abort();
	wg_cookie_sign(&side->jar, &p->initiation, sizeof(p->initiation), 0);
}

static void consume_initiation(void *ctx)
{
	struct pair *p = ctx;
	struct side *side = &p->responder;
	uint8_t sender[WG_KEY_LEN];
	uint8_t timestamp[WG_TAI64N_LEN];

	check_mac1(p, side, &p->initiation, sizeof(p->initiation));
	if (!wg_handshake_open_initiation(&side->handshake, sender, &p->initiation,
					  &side->identity) ||
	    !wg_handshake_verify_initiation(&side->handshake, timestamp, &p->initiation,
					    &side->remote))
		abort();
}

/* From a copy, so that it can be done again. */
static void create_response(void *ctx)
{
	struct pair *p = ctx;
	struct side *side = &p->responder;
	struct wg_handshake handshake = side->handshake;
	uint8_t ephemeral[WG_KEY_LEN];

	wg_random_fill(&p->random, ephemeral, sizeof(ephemeral));
	if (!wg_handshake_create_response(&handshake, &p->response, &side->remote, ephemeral, 2))
		abort();
	wg_cookie_sign(&side->jar, &p->response, sizeof(p->response), 0);
	wg_handshake_finish(&handshake, &side->session, 0);
}

static void consume_response(void *ctx)
{
	struct pair *p = ctx;
	struct side *side = &p->initiator;
	struct wg_handshake handshake = side->handshake;

	check_mac1(p, side, &p->response, sizeof(p->response));
	if (!wg_handshake_consume_response(&handshake, &p->response, &side->identity,
					   &side->remote))
		abort();
	wg_handshake_finish(&handshake, &side->session, 0);
}

static void answer(void *ctx)
{
	consume_initiation(ctx);
	create_response(ctx);
}

static void handshake(void *ctx)
{
	create_initiation(ctx);
	answer(ctx);
	consume_response(ctx);
}

static void x25519(void *ctx)
{
	struct pair *p = ctx;
	uint8_t shared[WG_KEY_LEN];

	if (!wg_x25519(shared, p->initiator.identity.private_key, p->initiation.ephemeral))
		abort();
}

/* n_dh: how many Diffie-Hellmans and key generations it takes. */
static void report(const char *bench, double ns, unsigned int n_dh, double dh_ns)
{
	printf("{\"bench\":\"%s\",\"ns\":%.0f,\"per_s\":%.0f,\"x25519\":%u,\"share\":%.3f}\n",
	       bench, ns, 1e9 / ns, n_dh, n_dh * dh_ns / ns);
	fflush(stdout);
}

int main(void)
{
	static struct pair p;
	double dh_ns;

	if (wg_crypto_init(NULL))
		return 1;
	p.random = wg_crypto_random();
	init_side(&p.initiator, &p.random);
	init_side(&p.responder, &p.random);
	introduce(&p.initiator, &p.responder);
	introduce(&p.responder, &p.initiator);
	handshake(&p);

	dh_ns = wg_bench_ns(x25519, &p);
	report("x25519", dh_ns, 1, dh_ns);
	report("initiation_create", wg_bench_ns(create_initiation, &p), 2, dh_ns);
	report("initiation_consume", wg_bench_ns(consume_initiation, &p), 1, dh_ns);
	report("response_create", wg_bench_ns(create_response, &p), 3, dh_ns);
	report("response_consume", wg_bench_ns(consume_response, &p), 2, dh_ns);
	report("handshake_answer", wg_bench_ns(answer, &p), 4, dh_ns);
	report("handshake", wg_bench_ns(handshake, &p), 8, dh_ns);
	return 0;
}
