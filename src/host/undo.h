/* Changes that outlive a tunnel's link, and how they are put back: also after a
 * crash, by whoever comes next.
 *
 * Each tunnel has a journal, DIR/NAME.undo. A change is written there, and is on
 * disk, before it is made; going through it backwards puts everything back. What
 * another program changed in between is left alone, and said. Changes of an earlier
 * boot are forgotten; those of another network namespace are left for whoever is
 * there.
 *
 * Two tunnels may want the same: the same value of a parameter, the same proxy.
 * Then both journals have it, with the value that the first one found, and whoever
 * is last puts it back. One lock for the whole directory is held from looking at the
 * other journals to the end of the change.
 *
 * With struct wg_error: 0, or -errno and the reason in it. */
#ifndef WG_HOST_UNDO_H
#define WG_HOST_UNDO_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "route/neigh.h"
#include "route/netlink.h"
#include "route/route.h"
#include "route/rule.h"

#define WG_UNDO_DIR "/run/tuff"

struct wg_undo;

struct wg_undo_ops {
	/* Takes back a change of a kind that its caller invented. 0; -ENOENT when it
	 * is not there any more; another -errno keeps it in the journal. */
	int (*take_back)(void *ctx, const char *kind, const char *text);
	/* Something was left alone, or could not be put back: one sentence for people. */
	void (*note)(void *ctx, const char *text);
	void *ctx;
};

/* Opens a tunnel's journal, making folder and file as needed, for the network
 * namespace that the caller is in. -EBUSY when another process has it open (it is
 * that tunnel). ops must outlive it. */
int wg_undo_open(struct wg_undo **out, const char *dir, const char *name,
		 const struct wg_undo_ops *ops, struct wg_error *error);
/* Leaves what is not yet undone in the file, and removes a file without such. NULL is
 * ignored. */
void wg_undo_close(struct wg_undo *undo);

/* How many changes of this boot and namespace are not put back, or -errno. */
int wg_undo_pending(struct wg_undo *undo);
/* Puts everything back, newest first. What fails is noted, stays in the journal, and
 * does not stop the rest. 0, or the first failure. */
int wg_undo_run(struct wg_undo *undo);

/* Sets a parameter (its name as in host/sysctl.h). Nothing is done, and nothing
 * written, where the value is right already and is not another tunnel's doing.
 * With meanwhile: as long as some tunnel keeps the parameter of that name, this one
 * stays too, and it is put back after it. */
int wg_undo_sysctl(struct wg_undo *undo, const char *name, const char *value, const char *meanwhile,
		   struct wg_error *error);

/* Adds what is not there yet. -EEXIST when it is and is nobody's of ours; adding
 * twice, or what another tunnel added, is fine. */
int wg_undo_route_add(struct wg_undo *undo, const struct wg_route *route, struct wg_error *error);
int wg_undo_rule_add(struct wg_undo *undo, const struct wg_rule *rule, struct wg_error *error);
int wg_undo_proxy_add(struct wg_undo *undo, const struct wg_neigh_proxy *proxy,
		      struct wg_error *error);

/* Claims the number of a routing table: the first from there on that no route or rule
 * has, nor a mark, nor another tunnel here as its claim; the same one when asked again.
 * What is then put into it is the caller's business. */
int wg_undo_table_claim(struct wg_undo *undo, uint32_t first, uint32_t *table,
			struct wg_error *error);

/* The reverse of one of these, while the tunnel goes on. -ENOENT when it was not this
 * tunnel's. With a parameter goes whatever was to stay meanwhile. */
int wg_undo_sysctl_reset(struct wg_undo *undo, const char *name);
int wg_undo_route_delete(struct wg_undo *undo, const struct wg_route *route);
int wg_undo_rule_delete(struct wg_undo *undo, const struct wg_rule *rule);
int wg_undo_proxy_delete(struct wg_undo *undo, const struct wg_neigh_proxy *proxy);

/* A change of the caller's own kind: begin before it is made; cancel the last one of this
 * kind and text if it then was not, or when its caller has taken it back. kind is a word;
 * text is for ops->take_back. */
int wg_undo_begin(struct wg_undo *undo, const char *kind, const char *text, struct wg_error *error);
int wg_undo_cancel(struct wg_undo *undo, const char *kind, const char *text);
/* Takes back the last change of this kind and text. -ENOENT: there is none. */
int wg_undo_take_back(struct wg_undo *undo, const char *kind, const char *text);

#endif
