/* The UDP sockets of a device: IPv4 and IPv6 on one port, source pinning, marks,
 * ECN, and vectors both ways. The keeper opens sockets, and the engine sends and receives. */
#ifndef WG_UDP_UDP_H
#define WG_UDP_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/offload.h"
#include "base/report.h"
#include "base/run.h"

#define WG_UDP_SOCKETS 2 /* IPv4, IPv6 */
/* The most runs that one wg_udp_receive gives. */
#define WG_UDP_RUNS    64

struct wg_udp;

struct wg_udp_stats {
	uint64_t received_datagrams;
	uint64_t receive_calls;
	uint64_t sent_datagrams;
	uint64_t send_calls;
	uint64_t dropped_no_memory; /* the pool was at its bound */
	uint64_t dropped_send;      /* the system refused them */
	uint64_t dropped_full;      /* a queue on their way out was full */
	uint64_t dropped_queue;     /* the kernel's queue was full; as of wg_udp_stats() */
	uint64_t failed_receives;   /* calls; of what waited nothing is known to be lost */
	int receive_error;          /* -errno of the last of them */
};

enum wg_udp_offload {
	WG_UDP_GSO, /* out: datagrams of one size leave together (UDP_SEGMENT) */
	WG_UDP_GRO, /* in: they arrive together (UDP_GRO) */
	WG_UDP_N_OFFLOADS
};

struct wg_udp_options {
	uint16_t port;   /* host order; 0: any that is free on both families */
	uint32_t fwmark; /* SO_MARK; 0: none */
	bool unwanted[WG_UDP_N_OFFLOADS];
	bool broken[WG_UDP_N_OFFLOADS]; /* as a probe found */
};

/* Opens both sockets, non-blocking. A machine without IPv6 (or without IPv4) has
 * one. 0; -EADDRINUSE when the port is taken, -EPERM when the mark is not allowed,
 * or another -errno. */
int wg_udp_open(struct wg_udp **out, const struct wg_udp_options *options);

/* Takes over sockets that are open, as wg_udp_open made them in another process; -1 stands
 * for one that is not there. options tells which port and mark they have. 0; -ENOMEM, and
 * then they stay the caller's. */
int wg_udp_adopt(struct wg_udp **out, const int fds[static WG_UDP_SOCKETS],
		 const struct wg_udp_options *options);

void wg_udp_close(struct wg_udp *udp);

/* The port in use, host order. */
uint16_t wg_udp_port(const struct wg_udp *udp);

/* The descriptor of socket i (below WG_UDP_SOCKETS), or -1 where there is none. */
int wg_udp_fd(const struct wg_udp *udp, unsigned int i);

/* Whether an offload is in use, and why not. */
enum wg_offload_state wg_udp_offload(const struct wg_udp *udp, enum wg_udp_offload which);

/* Changes SO_MARK on what is open. 0 or -errno, and then nothing is changed. */
int wg_udp_set_mark(struct wg_udp *udp, uint32_t fwmark);

/* Receives up to max_runs runs from socket i: neighbours of one path and DS field are one
 * run. Datagrams that arrived together share a large buffer: one that is kept for long
 * should be copied out of it. Stops when the socket is dry, or behind the 64th datagram.
 * Returns how many; 0 when dry; -errno only for an error that says the socket is of no more
 * use. Pending asynchronous errors are drained and skipped. */
int wg_udp_receive(struct wg_udp *udp, unsigned int i, struct wg_pool *pool, struct wg_run *runs,
		   size_t max_runs);

/* Sends all runs in order and puts their packets back; writes each run's error, failed,
 * full and source_rejected. A datagram that the kernel does not take is dropped and
 * counted: nothing waits, and no run for another. */
void wg_udp_send(struct wg_udp *udp, struct wg_run *runs, size_t n);

/* Empties socket i's error queue and SO_ERROR, so that a poller can be armed again; the
 * network's reports in them go to reports. Returns how many: there may be more when it is
 * max. */
size_t wg_udp_read_errors(struct wg_udp *udp, unsigned int i, struct wg_report *reports,
			  size_t max);

/* Whether the network's reports are wanted (off at first). While they are, each makes a
 * system call on the socket fail that has nothing to do with it; that is tried again. */
void wg_udp_want_reports(struct wg_udp *udp, bool wanted);

/* How many calls to receive have failed for a reason that passes, and the last one's -errno. */
uint64_t wg_udp_failures(const struct wg_udp *udp, int *error);

/* Asks the kernel for what only it knows. A train of datagrams that it had joined counts
 * as one there. */
const struct wg_udp_stats *wg_udp_stats(struct wg_udp *udp);

#endif
