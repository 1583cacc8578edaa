package main

import (
	"syscall"
	"time"
	"unsafe"
)

const sysEpollPwait2 = 441

// handler has what happens on a descriptor.
type handler interface {
	// ready is called with EPOLLIN, EPOLLOUT, EPOLLHUP and so on.
	ready(events uint32)
}

// poller calls the handlers of descriptors that are ready, level-triggered.
type poller struct {
	epoll    int
	handlers []handler
	events   [512]syscall.EpollEvent
}

func newPoller() (*poller, error) {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	return &poller{epoll: epoll}, nil
}

func (p *poller) add(fd int, events uint32, h handler) error {
	for fd >= len(p.handlers) {
		p.handlers = append(p.handlers, nil)
	}
	p.handlers[fd] = h
	return syscall.EpollCtl(p.epoll, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: events, Fd: int32(fd)})
}

func (p *poller) change(fd int, events uint32) {
	_ = syscall.EpollCtl(p.epoll, syscall.EPOLL_CTL_MOD, fd, &syscall.EpollEvent{Events: events, Fd: int32(fd)})
}

// close closes the descriptor, which also takes it out of epoll.
func (p *poller) close(fd int) {
	p.handlers[fd] = nil
	_ = syscall.Close(fd)
}

// wait waits at most this long for events, and handles them. Longer than a tick: epoll_wait would round to ms.
func (p *poller) wait(most time.Duration) error {
	limit := syscall.NsecToTimespec(int64(max(most, 0)))
	count, _, errno := syscall.Syscall6(sysEpollPwait2, uintptr(p.epoll), uintptr(unsafe.Pointer(&p.events[0])),
		uintptr(len(p.events)), uintptr(unsafe.Pointer(&limit)), 0, 0)
	if errno == syscall.EINTR {
		return nil
	}
	if errno != 0 {
		return errno
	}
	for _, event := range p.events[:count] {
		// A handler may have closed the descriptor of a later event.
		if h := p.handlers[event.Fd]; h != nil {
			h.ready(event.Events)
		}
	}
	return nil
}
