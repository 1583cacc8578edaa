package main

import (
	"fmt"
	"slices"
	"time"
)

// pacer sends at a fixed rate, whatever the answers do: a proxy that falls behind is not spared the next message. A
// time counts from when the message was due, so that waiting for a late generator or proxy is not left out.
type pacer struct {
	began  time.Time
	queues [][]int64 // by connection, when the messages under way were due, ns
	micros []uint32
	lost   string
}

func (p *pacer) opened(*client) {}

func (p *pacer) message(c *client) {
	queue := p.queues[c.slot]
	if len(queue) == 0 {
		p.lost = "a message that was not sent"
		return
	}
	p.micros = append(p.micros, uint32((time.Since(p.began).Nanoseconds()-queue[0])/1000))
	p.queues[c.slot] = queue[:copy(queue, queue[1:])]
}

func (p *pacer) closed(_ *client, why string) { p.lost = why }

func (g *generator) pace(c command) (answer, error) {
	total := c.PerSecond * c.Ms / 1000
	p := &pacer{micros: make([]uint32, 0, total)}
	clients, err := g.observe(c.Group, p)
	if err != nil {
		return nil, err
	}
	p.queues = make([][]int64, len(clients))
	frame := clientFrame(opBinary, c.Bytes)
	gap := float64(time.Second) / float64(c.PerSecond)
	p.began = time.Now()
	for sent := 0; sent < total && p.lost == ""; {
		due := int64(float64(sent) * gap)
		if left := due - time.Since(p.began).Nanoseconds(); left > 0 {
			if err = g.wait(time.Duration(left)); err != nil {
				return nil, err
			}
			continue
		}
		each := clients[sent%len(clients)]
		p.queues[each.slot] = append(p.queues[each.slot], due)
		each.send(frame)
		sent++
		// Answers are seen between two messages even when the generator is late.
		if sent%16 == 0 {
			if err = g.wait(0); err != nil {
				return nil, err
			}
		}
	}
	ms := since(p.began)
	done, err := g.until(afterMs(10_000), func() bool { return len(p.micros) >= total || p.lost != "" })
	if err == nil && (!done || p.lost != "") {
		err = fmt.Errorf("%d of %d messages came back: %q", len(p.micros), total, p.lost)
	}
	if err != nil {
		return nil, err
	}
	slices.Sort(p.micros)
	at := func(share float64) uint32 { return p.micros[min(total-1, int(share*float64(total)))] }
	return answer{"units": total, "ms": ms, "p50": at(0.5), "p99": at(0.99), "p999": at(0.999)}, nil
}
