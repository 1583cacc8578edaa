package main

import "encoding/binary"

const (
	opBinary = 2
	opClose  = 8
	opPing   = 9
	opPong   = 10
)

// The mask of every frame of a client. Proxies do not look at its value; a node takes it off again.
var mask = [4]byte{0x37, 0xfa, 0x21, 0x3d}

func frameHead(op byte, length int, masked bool) []byte {
	bit := byte(0)
	if masked {
		bit = 0x80
	}
	head := []byte{0x80 | op}
	switch {
	case length < 126:
		head = append(head, bit|byte(length))
	case length < 1<<16:
		head = binary.BigEndian.AppendUint16(append(head, bit|126), uint16(length))
	default:
		head = binary.BigEndian.AppendUint64(append(head, bit|127), uint64(length))
	}
	if masked {
		head = append(head, mask[:]...)
	}
	return head
}

// clientFrame is a whole frame as clients send it, of `length` letters.
func clientFrame(op byte, length int) []byte {
	head := frameHead(op, length, true)
	frame := make([]byte, len(head)+length)
	copy(frame, head)
	for i := range length {
		frame[len(head)+i] = 'a' ^ mask[i&3]
	}
	return frame
}

func serverFrame(op byte, length int) []byte {
	head := frameHead(op, length, false)
	frame := make([]byte, len(head)+length)
	copy(frame, head)
	for i := range length {
		frame[len(head)+i] = 'a'
	}
	return frame
}

// frame is one at the start of some data.
type frame struct {
	op       byte
	head     int
	length   int
	maskedBy uint32
}

// parseFrame returns false if the head is not complete.
func parseFrame(data []byte) (frame, bool) {
	if len(data) < 2 {
		return frame{}, false
	}
	f := frame{op: data[0] & 15, head: 2, length: int(data[1] & 127)}
	switch f.length {
	case 126:
		f.head = 4
	case 127:
		f.head = 10
	}
	masked := data[1]&0x80 != 0
	if masked {
		f.head += 4
	}
	if len(data) < f.head {
		return frame{}, false
	}
	switch f.length {
	case 126:
		f.length = int(binary.BigEndian.Uint16(data[2:]))
	case 127:
		f.length = int(binary.BigEndian.Uint64(data[2:]))
	}
	if masked {
		f.maskedBy = binary.LittleEndian.Uint32(data[f.head-4:])
	}
	return f, true
}

// unmask appends the payload, readable, eight bytes at a time.
func unmask(out, payload []byte, by uint32) []byte {
	at := len(out)
	out = append(out, payload...)
	rest := out[at:]
	wide := uint64(by)<<32 | uint64(by)
	for len(rest) >= 8 {
		binary.LittleEndian.PutUint64(rest, binary.LittleEndian.Uint64(rest)^wide)
		rest = rest[8:]
	}
	for i := range rest {
		rest[i] ^= byte(by >> (8 * (i & 3)))
	}
	return out
}
