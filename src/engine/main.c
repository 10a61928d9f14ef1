/* The engine's program: all that meets packets from the network. The keeper starts it with
 * one end of a pair of sockets; link, sockets and configuration come from there. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/defaults.h"
#include "base/log.h"
#include "confine/confine.h"
#include "confine/descriptors.h"
#include "crypto/crypto.h"
#include "engine/engine.h"
#include "engine/orders.h"
#include "os/process.h"
#include "os/slice.h"

/* It is told to end by its keeper: what a terminal or a service manager sends to all is not for
 * it. */
static void ignore_signals(void)
{
	static const int not_for_it[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

	for (size_t i = 0; i < WG_ARRAY_LEN(not_for_it); i++)
		signal(not_for_it[i], SIG_IGN);
}

static int start_crypto(void)
{
	const char *aead = getenv("TUFF_AEAD");

	return wg_crypto_init(aead && *aead ? aead : NULL);
}

/* Which offloads are in use was decided by the keeper: it has the probe's findings. */
static int take_link(const struct wg_pair_hello *hello, int fd, struct wg_tun **tun)
{
	int error = wg_tun_adopt(tun, fd);

	if (error) {
		close(fd);
		return error;
	}
	for (int i = 0; i < WG_TUN_N_OFFLOADS; i++)
		wg_tun_decide(*tun, (enum wg_tun_offload)i,
			      (enum wg_offload_state)hello->tun_offloads[i]);
	return 0;
}

static int serve(struct wg_orders *orders, struct wg_engine *engine, uv_loop_t *uv,
		 const struct wg_pair_hello *hello, struct wg_confine_report *report)
{
	int error;

	wg_engine_set_workers(engine, hello->workers);
	wg_slice_lengthen();
	wg_log(WG_LOG_INFO, "cipher: %s", wg_crypto_aead_name());
	error = wg_orders_begin(orders, engine, uv);
	if (!error)
		error = wg_confine_finish(report, WG_MAX_WORKERS + 2, wg_orders_trapped);
	wg_orders_ready(orders, report);
	if (!error)
		uv_run(uv, UV_RUN_DEFAULT);
	return error;
}

static int run(struct wg_orders *orders, struct wg_pair_socket *pair,
	       struct wg_confine_report *report)
{
	static struct wg_engine engine;
	struct wg_engine_events events = wg_orders_events;
	struct wg_pair_hello hello;
	struct wg_tun *tun;
	uv_loop_t uv;
	int fd;
	int error = wg_orders_hello(orders, pair, &hello, &fd);

	if (error)
		return error;
	wg_orders_take_log(orders, (enum wg_log_level)hello.log_level);
	error = take_link(&hello, fd, &tun);
	if (error)
		return error;
	error = uv_loop_init(&uv);
	if (error) {
		wg_tun_close(tun);
		return error;
	}
	events.ctx = orders;
	error = wg_engine_init(&engine, &uv, tun, &events);
	if (!error)
		error = serve(orders, &engine, &uv, &hello, report);
	wg_orders_end(orders);
	wg_engine_close(&engine);
	uv_run(&uv, UV_RUN_DEFAULT);
	uv_loop_close(&uv);
	return error;
}

int main(void)
{
	static struct wg_orders orders;
	struct wg_confine_report report;
	struct wg_pair_socket pair;
	int error;

	ignore_signals();
	/* Started by a descriptor, it has the name of none. */
	prctl(PR_SET_NAME, "tuff-engine");
	wg_process_prepare();
	wg_pair_socket_init(&pair, WG_CONFINE_FD_PAIR, WG_PAIR_ENGINE);
	error = wg_confine_enter(&report);
	if (!error)
		error = start_crypto();
	if (!error)
		error = run(&orders, &pair, &report);
	wg_pair_close(&pair.pair);
	return error ? EXIT_FAILURE : EXIT_SUCCESS;
}
