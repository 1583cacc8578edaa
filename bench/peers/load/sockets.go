package main

import (
	"syscall"
	"unsafe"
)

const (
	backlog                  = 4096
	ipBindAddressNoPort      = 24
	clientAddresses     byte = 16
)

var loopback = [4]byte{127, 0, 0, 1}

func listen(port int) (int, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	if err = syscall.Bind(fd, &syscall.SockaddrInet4{Port: port, Addr: loopback}); err == nil {
		err = syscall.Listen(fd, backlog)
	}
	if err != nil {
		_ = syscall.Close(fd)
	}
	return fd, err
}

// accept returns -1 if nobody waits.
func accept(listener int) int {
	fd, _, err := syscall.Accept4(listener, syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
	if err != nil {
		return -1
	}
	_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
	return fd
}

var dialled byte

// dial begins to connect. Clients come from several addresses of the loopback device, so that ports of closed
// connections, which rest for a minute, do not run out.
func dial(port int) (int, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
	_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_IP, ipBindAddressNoPort, 1)
	dialled = (dialled + 1) % clientAddresses
	err = syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 2 + dialled}})
	if err == nil {
		if err = syscall.Connect(fd, &syscall.SockaddrInet4{Port: port, Addr: loopback}); err == syscall.EINPROGRESS {
			err = nil
		}
	}
	if err != nil {
		_ = syscall.Close(fd)
	}
	return fd, err
}

// readNow returns what read(2) does: without the scheduler of Go, since it never blocks.
func readNow(fd int, into []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&into[0])), uintptr(len(into)))
	return int(n), errno
}

// writeNow returns the bytes written, and false if the connection is broken. A client that left is no signal.
func writeNow(fd int, data []byte) (int, bool) {
	if len(data) == 0 {
		return 0, true
	}
	n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&data[0])),
		uintptr(len(data)), syscall.MSG_NOSIGNAL, 0, 0)
	if errno == syscall.EAGAIN {
		return 0, true
	}
	if errno != 0 {
		return 0, false
	}
	return int(n), true
}
