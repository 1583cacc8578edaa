package main

import (
	"bytes"
	"fmt"
	"strconv"
	"syscall"
)

type state int

const (
	connecting state = iota
	greeting         // has sent its request to upgrade
	open
	ended
)

// observer hears of the connections that a measurement looks at.
type observer interface {
	opened(c *client)
	// message has arrived: a data frame, or the answer to a plain request.
	message(c *client)
	// closed: the other side has, or it could not be reached. A client that ends by itself is not told.
	closed(c *client, why string)
}

// client is one connection to a proxy. Nothing is read ahead of whoever measures: between commands it just stays open.
type client struct {
	g        *generator
	observer observer
	fd       int
	port     int
	path     string // empty: plain HTTP, the path comes with each request
	state    state
	node     string // the name of the node that answered the upgrade
	head     []byte // as far as it has arrived: of an answer, or of a frame
	left     int    // bytes of the frame or the body that are still to come
	inFrame  bool
	op       byte
	unsent   []byte
	slot     int // for the observer
	due      int64
}

func (g *generator) dial(port int, path string, o observer) (*client, error) {
	fd, err := dial(port)
	if err != nil {
		return nil, err
	}
	c := &client{g: g, observer: o, fd: fd, port: port, path: path}
	return c, g.add(fd, syscall.EPOLLOUT, c)
}

func (c *client) ready(events uint32) {
	if events&syscall.EPOLLOUT != 0 {
		c.writable()
		return
	}
	count, errno := readNow(c.fd, c.g.in)
	if errno == syscall.EAGAIN {
		return
	}
	if errno != 0 || count == 0 {
		c.lost("the connection was closed")
		return
	}
	c.take(c.g.in[:count])
}

func (c *client) writable() {
	if c.state == connecting {
		if code, err := syscall.GetsockoptInt(c.fd, syscall.SOL_SOCKET, syscall.SO_ERROR); err != nil || code != 0 {
			c.lost(fmt.Sprintf("cannot connect: %v", syscall.Errno(code)))
			return
		}
		c.g.change(c.fd, syscall.EPOLLIN)
		if c.path == "" {
			c.state = open
			c.observer.opened(c)
			return
		}
		c.state = greeting
		c.send([]byte("GET " + c.path + " HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"))
		return
	}
	rest := c.unsent
	c.unsent = nil
	c.g.change(c.fd, syscall.EPOLLIN)
	c.send(rest)
}

func (c *client) send(data []byte) {
	if len(c.unsent) > 0 {
		c.unsent = append(c.unsent, data...)
		return
	}
	sent, ok := writeNow(c.fd, data)
	if !ok {
		c.lost("a write failed")
		return
	}
	if sent < len(data) {
		c.unsent = append(c.unsent, data[sent:]...)
		c.g.change(c.fd, syscall.EPOLLIN|syscall.EPOLLOUT)
	}
}

func (c *client) take(data []byte) {
	for len(data) > 0 && c.state != ended {
		switch {
		case c.left > 0:
			count := min(c.left, len(data))
			data = data[count:]
			if c.left -= count; c.left == 0 {
				c.complete()
			}
		case c.path != "" && c.state == open:
			data = c.takeFrameHead(data)
		default:
			data = c.takeAnswerHead(data)
		}
	}
}

func (c *client) takeFrameHead(data []byte) []byte {
	// Mostly the whole head is there.
	if len(c.head) > 0 {
		c.head = append(c.head, data...)
		data = c.head
	}
	f, ok := parseFrame(data)
	if !ok {
		c.head = append(c.head[:0:0], data...)
		return nil
	}
	data = data[f.head:]
	c.head, c.op, c.left = nil, f.op, f.length
	if c.left == 0 {
		c.complete()
	}
	return data
}

func (c *client) takeAnswerHead(data []byte) []byte {
	if len(c.head) > 0 {
		data = append(c.head, data...)
	}
	end := bytes.Index(data, []byte("\r\n\r\n"))
	if end < 0 {
		c.head = append(c.head[:0:0], data...)
		return nil
	}
	head := data[:end+4]
	c.head = nil
	upgrading := c.path != ""
	switch {
	case upgrading && bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")):
		c.state = open
		c.node = string(header(head, "x-node"))
		c.observer.opened(c)
	case !upgrading && bytes.HasPrefix(head, []byte("HTTP/1.1 200 ")):
		length, err := strconv.Atoi(string(header(head, "content-length")))
		if err != nil || length == 0 {
			c.lost("an answer has no length")
			return nil
		}
		c.op, c.left = opBinary, length
	default:
		line, _, _ := bytes.Cut(head, []byte("\r\n"))
		c.lost(string(line))
		return nil
	}
	return data[len(head):]
}

func (c *client) complete() {
	switch c.op {
	case opClose:
		c.send(closeFrame)
		c.lost("a Close")
	case opPing, opPong:
	default:
		c.observer.message(c)
	}
}

var closeFrame = clientFrame(opClose, 0)

func (c *client) lost(why string) {
	if c.state == ended {
		return
	}
	c.end()
	c.observer.closed(c, why)
}

func (c *client) end() {
	if c.state == ended {
		return
	}
	c.state = ended
	c.g.close(c.fd)
}
