package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"strconv"
	"syscall"
	"time"
)

const (
	chunk = 256 << 10
	// A sender on /sink/ hears from the node each time it has sent this much.
	sinkStep = 256 << 10
	body     = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
)

type kind int

const (
	echoing kind = iota
	sinking
	controlling
)

// node is a WebSocket server: /sink/... counts what it gets, /control... pushes a message to all (a client's frame of n
// bytes asks for one of n bytes), any other path echoes. Requests without an upgrade get 64 bytes, /count the number of
// open WebSockets.
type node struct {
	*poller
	name     string
	listener int
	open     map[*peer]struct{}
	in, out  []byte
}

// peer is a connection of the node.
type peer struct {
	node     *node
	fd       int
	upgraded bool
	kind     kind
	rest     []byte // of a head or a frame that is not complete
	unsent   []byte
	ending   bool
	sunk     int
}

func runNode(port, name string) error {
	number, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	events, err := newPoller()
	if err != nil {
		return err
	}
	listener, err := listen(number)
	if err != nil {
		return err
	}
	n := &node{poller: events, name: name, listener: listener, open: map[*peer]struct{}{}, in: make([]byte, chunk)}
	if err = n.add(listener, syscall.EPOLLIN, n); err != nil {
		return err
	}
	for {
		if err = n.wait(time.Hour); err != nil {
			return err
		}
	}
}

func (n *node) ready(uint32) {
	for {
		fd := accept(n.listener)
		if fd < 0 {
			return
		}
		if n.add(fd, syscall.EPOLLIN, &peer{node: n, fd: fd}) != nil {
			_ = syscall.Close(fd)
		}
	}
}

func (p *peer) ready(events uint32) {
	if events&syscall.EPOLLOUT != 0 {
		p.flush()
		return
	}
	count, errno := readNow(p.fd, p.node.in)
	if errno == syscall.EAGAIN {
		return
	}
	if errno != 0 || count == 0 {
		p.end()
		return
	}
	data := p.node.in[:count]
	if len(p.rest) > 0 {
		p.rest = append(p.rest, data...)
		data = p.rest
	}
	p.node.out = p.node.out[:0]
	used := p.take(data)
	p.rest = append(p.rest[:0], data[used:]...)
	if len(p.rest) == 0 && cap(p.rest) > 4096 {
		p.rest = nil
	}
	p.send(p.node.out)
}

// take handles what is complete, appends the answers to node.out, and returns how much it was.
func (p *peer) take(data []byte) int {
	used := 0
	for !p.ending {
		var length int
		if p.upgraded {
			length = p.takeFrame(data[used:])
		} else {
			length = p.takeRequest(data[used:])
		}
		if length == 0 {
			break
		}
		used += length
	}
	return used
}

func (p *peer) takeRequest(data []byte) int {
	end := bytes.Index(data, []byte("\r\n\r\n"))
	if end < 0 {
		return 0
	}
	head := data[:end+4]
	_, target, _ := bytes.Cut(head, []byte(" "))
	path, _, _ := bytes.Cut(target, []byte(" "))
	n := p.node
	key := header(head, "sec-websocket-key")
	if key == nil {
		answer := body
		if string(path) == "/count" {
			answer = strconv.Itoa(len(n.open))
		}
		n.out = fmt.Appendf(n.out, "HTTP/1.1 200 OK\r\nX-Node: %s\r\nContent-Length: %d\r\n\r\n%s", n.name, len(answer), answer)
		return len(head)
	}
	digest := sha1.Sum(append(bytes.Clone(key), "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"...))
	n.out = fmt.Appendf(n.out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\nX-Node: %s\r\n\r\n", base64.StdEncoding.EncodeToString(digest[:]), n.name)
	p.upgraded = true
	switch {
	case bytes.HasPrefix(path, []byte("/sink/")):
		p.kind = sinking
	case bytes.HasPrefix(path, []byte("/control")):
		p.kind = controlling
	}
	if p.kind != controlling {
		n.open[p] = struct{}{}
	}
	return len(head)
}

func (p *peer) takeFrame(data []byte) int {
	f, ok := parseFrame(data)
	if !ok || len(data) < f.head+f.length {
		return 0
	}
	payload := data[f.head : f.head+f.length]
	n := p.node
	switch {
	case f.op == opClose:
		n.out = unmask(append(n.out, frameHead(opClose, f.length, false)...), payload, f.maskedBy)
		p.ending = true
	case f.op == opPing:
		n.out = unmask(append(n.out, frameHead(opPong, f.length, false)...), payload, f.maskedBy)
	case f.op >= opClose:
	case p.kind == sinking:
		for p.sunk += f.length; p.sunk >= sinkStep; p.sunk -= sinkStep {
			n.out = append(n.out, serverFrame(opBinary, 1)...)
		}
	case p.kind == controlling:
		n.push(f.length)
	default:
		n.out = unmask(append(n.out, frameHead(f.op, f.length, false)...), payload, f.maskedBy)
	}
	return f.head + f.length
}

func (n *node) push(length int) {
	message := serverFrame(opBinary, length)
	for p := range n.open {
		p.send(message)
	}
}

func (p *peer) send(data []byte) {
	if len(p.unsent) > 0 {
		p.unsent = append(p.unsent, data...)
		return
	}
	sent, ok := writeNow(p.fd, data)
	switch {
	case !ok:
		p.end()
	case sent < len(data):
		// Who does not read is not read from.
		p.unsent = append(p.unsent, data[sent:]...)
		p.node.change(p.fd, syscall.EPOLLOUT)
	case p.ending:
		p.end()
	}
}

func (p *peer) flush() {
	sent, ok := writeNow(p.fd, p.unsent)
	if !ok {
		p.end()
		return
	}
	p.unsent = p.unsent[sent:]
	if len(p.unsent) > 0 {
		return
	}
	p.unsent = nil
	if p.ending {
		p.end()
		return
	}
	p.node.change(p.fd, syscall.EPOLLIN)
}

func (p *peer) end() {
	if p.fd < 0 {
		return
	}
	delete(p.node.open, p)
	p.node.close(p.fd)
	p.fd = -1
}

// header returns the value of a header line; the name in lower case.
func header(head []byte, name string) []byte {
	for line := range bytes.Lines(head) {
		field, value, found := bytes.Cut(line, []byte(":"))
		if found && len(field) == len(name) && bytes.EqualFold(field, []byte(name)) {
			return bytes.TrimSpace(value)
		}
	}
	return nil
}
