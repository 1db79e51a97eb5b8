// What Swift can't reach through Glibc: calls that need macros, packed structs or GNU extensions.
// Each function is one system call and returns its result or -errno; there is no logic here. No
// system header is included, so that none can clash with the ones that Glibc's module has.
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef long pl_ssize;

/// An IPv4 or IPv6 socket address without its padding; port and bytes in network byte order.
struct pl_address {
  uint16_t family;  // AF_INET or AF_INET6
  uint16_t port;
  uint8_t bytes[16];
};

// Sockets

int pl_tcp_socket(int family);
int pl_unix_stream_socket(void);
/// ENAMETOOLONG where the path has no room in an address.
int pl_unix_connect(int fd, const char *path);
int pl_udp_socket(int family);
int pl_bind(int fd, const struct pl_address *address);
int pl_listen(int fd, int backlog);
int pl_connect(int fd, const struct pl_address *address);
int pl_accept(int fd, struct pl_address *peer);
int pl_local_address(int fd, struct pl_address *address);
int pl_peer_address(int fd, struct pl_address *address);
/// SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST are both 80; their headers clash with the C library's.
int pl_original_destination(int fd, int family, struct pl_address *address);
int pl_set_option(int fd, int level, int name, int value);
/// SO_ERROR's value (0 or an errno), or -errno where it can't be read.
int pl_pending_error(int fd);
/// The state of a TCP socket, as include/net/tcp_states.h numbers it.
int pl_tcp_state(int fd);
/// Makes close() send a reset and forget what was not sent.
int pl_reset_on_close(int fd);
int pl_shutdown_write(int fd);
pl_ssize pl_receive(int fd, void *bytes, size_t count);
/// 1 where a byte waits, 0 at the end of the stream; takes nothing.
int pl_peek(int fd);
/// The same, with a copy of the byte.
pl_ssize pl_peek_byte(int fd, unsigned char *byte);
pl_ssize pl_send(int fd, const void *bytes, size_t count, int more);
pl_ssize pl_splice(int from, int to, size_t count, int more);

// Netlink

/// NETLINK_SOCK_DIAG
int pl_sock_diag_socket(void);
/// Never waits. The sender is the port it sent from: 0 is the kernel.
pl_ssize pl_netlink_receive(int fd, void *bytes, size_t count, uint32_t *sender);

// Pipes, files

int pl_pipe(int ends[2]);
int pl_set_pipe_size(int fd, int bytes);
pl_ssize pl_read(int fd, void *bytes, size_t count);
pl_ssize pl_write(int fd, const void *bytes, size_t count);
int pl_open_null(void);
/// For appending and reading; makes a file with this mode where there is none, and never waits.
int pl_open_append(const char *path, unsigned mode);
/// 1 for a regular file, 0 for anything else.
int pl_is_regular(int fd);
int64_t pl_file_size(int fd);
/// Where the last read or write ended.
int64_t pl_file_position(int fd);
pl_ssize pl_read_at(int fd, void *bytes, size_t count, int64_t position);
int pl_truncate(int fd, int64_t size);

// epoll. The event struct is packed on x86-64 only, so its fields are read here.

int pl_epoll_create(void);
int pl_epoll_add(int epoll, int fd, uint32_t events, uint64_t data);
int pl_epoll_remove(int epoll, int fd);
int pl_epoll_wait(int epoll, void *events, int capacity, int milliseconds);
size_t pl_epoll_event_size(void);
uint64_t pl_epoll_data(const void *events, int index);
uint32_t pl_epoll_events(const void *events, int index);
static const uint32_t pl_readable = 0x001;
static const uint32_t pl_urgent = 0x002;
static const uint32_t pl_writable = 0x004;
static const uint32_t pl_error = 0x008;
static const uint32_t pl_hangup = 0x010;
static const uint32_t pl_read_hangup = 0x2000;
static const uint32_t pl_edge_triggered = 1u << 31;

// Wake-ups and signals

int pl_eventfd(void);
/// Blocks the signals for this thread and those it starts; they are read from the descriptor.
int pl_signalfd(const int *signals, int count);
size_t pl_signal_info_size(void);
int pl_wait_readable(int fd, int milliseconds);
int pl_wait_writable(int fd, int milliseconds);

// inotify: what happens to names in a directory and to the files behind them

int pl_inotify(void);
/// Adds `events` to what is told of a directory; a watch of the same directory has the same number.
int pl_inotify_add(int fd, const char *directory, uint32_t events);
int pl_inotify_remove(int fd, int watch);
static const uint32_t pl_file_modified = 0x002;
static const uint32_t pl_file_attributes = 0x004;
static const uint32_t pl_file_closed = 0x008;
static const uint32_t pl_name_moved_from = 0x040;
static const uint32_t pl_name_moved_to = 0x080;
static const uint32_t pl_name_created = 0x100;
static const uint32_t pl_name_deleted = 0x200;
static const uint32_t pl_directory_deleted = 0x400;
static const uint32_t pl_directory_moved = 0x800;
static const uint32_t pl_directory_unmounted = 0x2000;
static const uint32_t pl_events_lost = 0x4000;
static const uint32_t pl_watch_ended = 0x8000;

// Memory

/// Pages of zeros that nobody else has; null where there is no memory.
void *pl_map_pages(size_t count);
void pl_unmap_pages(void *start, size_t count);

// Clocks, randomness, the process

uint64_t pl_monotonic_clock(void);
uint64_t pl_wall_clock(void);
int pl_set_not_dumpable(void);
int pl_set_no_new_privileges(void);
int pl_set_core_limit_zero(void);
/// Raises the soft limit of descriptors to the hard one and returns it.
int64_t pl_raise_descriptor_limit(void);
void pl_name_thread(const char *name);
