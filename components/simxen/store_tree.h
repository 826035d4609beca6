/* SPDX-License-Identifier: MIT */
/**
 * @file store_tree.h
 * The node tree of the store: reference-counted nodes, shared between the
 * live tree and the snapshots of open transactions. A shared node is never
 * changed; sxs_tree_edit() copies the nodes on the way to the one that is to
 * change, so a snapshot costs nothing until something changes and a change
 * costs nothing extra while there is no snapshot.
 *
 * All paths here are absolute and valid (see store_path.h) and given with
 * their length; they need not be NUL-terminated.
 */
#ifndef SIMXEN_STORE_TREE_H
#define SIMXEN_STORE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SXS_READ = 1,
    SXS_WRITE = 2,
    SXS_OWNER = 4,
    SXS_DOMID_ANY = 0x7ff4, /**< in a permission list: every domain */
    SXS_DOMIDS = 0x10000
};

struct sxs_perm {
    uint16_t domid;
    uint8_t access; /**< SXS_READ | SXS_WRITE */
};

/** An immutable, shared permission list; entry 0 is owner and default. */
struct sxs_perms {
    uint32_t refs;
    uint32_t count; /**< at least 1 */
    struct sxs_perm entry[];
};

/** A list of count entries, all "n0", with one reference; or NULL. */
struct sxs_perms *sxs_perms_new(size_t count);
struct sxs_perms *sxs_perms_ref(struct sxs_perms *p);
void sxs_perms_unref(struct sxs_perms *p);

/** What the list grants to a domain that is not Domain-0. */
unsigned int sxs_perms_access(const struct sxs_perms *p, uint16_t domid);

/** A copy with another owner (or the same list if that is the owner). */
struct sxs_perms *sxs_perms_inherit(struct sxs_perms *p, uint16_t owner);

/** A copy without the entries (other than the first) of a domain. */
struct sxs_perms *sxs_perms_without(const struct sxs_perms *p, uint16_t domid);

/** Does an entry other than the first name the domain? */
bool sxs_perms_names(const struct sxs_perms *p, uint16_t domid);

/**
 * Parse count NUL-terminated strings ("r12").
 * @return the list; NULL with errno EINVAL or ENOMEM.
 */
struct sxs_perms *sxs_perms_parse(const char *strings, size_t count);

/** Format an entry, at most 7 bytes with the NUL. @return the length. */
size_t sxs_perm_format(struct sxs_perm p, char out[8]);

struct sxs_node {
    uint32_t refs;
    uint32_t data_len;
    uint64_t gen; /**< unique per change of data, permissions or children */
    struct sxs_perms *perms;
    uint8_t *data;
    struct sxs_node **child; /**< sorted by name */
    uint32_t children;
    uint32_t child_room;
    uint32_t listing_len; /**< the children's names, each with a NUL */
    uint16_t name_len;
    char name[]; /**< not NUL-terminated; empty for the root */
};

/** A node with one reference, empty; takes a reference to perms. Or NULL. */
struct sxs_node *sxs_node_new(const char *name, size_t name_len,
                              struct sxs_perms *perms);
struct sxs_node *sxs_node_ref(struct sxs_node *n);
/** Drop a reference; NULL is allowed. */
void sxs_node_unref(struct sxs_node *n);

/** Replace the data of an unshared node. @return 0, or -1 without memory. */
int sxs_node_set_data(struct sxs_node *n, const void *data, size_t len);

/** Replace the permissions of an unshared node by (a reference to) perms. */
void sxs_node_set_perms(struct sxs_node *n, struct sxs_perms *perms);

/**
 * Add a child (the reference passes over) to an unshared node that has none
 * of that name. @return 0, or -1 without memory (the reference stays).
 */
int sxs_node_add(struct sxs_node *parent, struct sxs_node *child);

/** The node, or NULL. */
const struct sxs_node *sxs_tree_find(const struct sxs_node *root,
                                     const char *path, size_t len);

/** The deepest existing node on the path; *found is its path's length. */
const struct sxs_node *sxs_tree_nearest(const struct sxs_node *root,
                                        const char *path, size_t len,
                                        size_t *found);

/**
 * The existing node at the path, unshared, so that it may be changed.
 * NULL without memory; the tree then means what it meant before.
 */
struct sxs_node *sxs_tree_edit(struct sxs_node **root, const char *path,
                               size_t len);

/** Take an existing node other than the root out of the tree, with all
 * beneath it. @return the node (the reference passes to the caller), or
 * NULL without memory. */
struct sxs_node *sxs_tree_remove(struct sxs_node **root, const char *path,
                                 size_t len);

typedef int sxs_visit(void *ctx, const char *path, size_t len,
                      const struct sxs_node *n, const struct sxs_node *parent);

/**
 * Call fn for a node and everything beneath it, parents first, until it
 * returns non-zero. path holds the node's path, len long, and has room for
 * the longest path (SXS_PATH_SIZE).
 * @return what fn returned last.
 */
int sxs_tree_walk(const struct sxs_node *n, const struct sxs_node *parent,
                  char *path, size_t len, sxs_visit *fn, void *ctx);

#endif
