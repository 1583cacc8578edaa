package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"syscall"
	"time"
)

// generator talks through proxies. Its connections are in groups, which stay open from one command to the next.
type generator struct {
	*poller
	in     []byte
	groups map[string][]*client
}

// command is a line of JSON on stdin. Each gets one line of JSON: an object, with `error` if it failed.
type command struct {
	Do        string `json:"do"`
	Group     string `json:"group"`
	Port      int    `json:"port"`
	Path      string `json:"path"`      // what stands before the number of the connection
	Count     int    `json:"count"`     // connections
	Node      string `json:"node"`      // only connections to this node
	Bytes     int    `json:"bytes"`     // of a message
	PerSecond int    `json:"perSecond"` // messages, over all connections
	Ms        int    `json:"ms"`        // how long to measure, or at most to wait
}

// answer has what was counted, in the time that it took.
type answer map[string]any

func runGenerator(commands io.Reader, answers io.Writer) error {
	// Waits of less than 50 us are otherwise rounded up to that.
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, 29, 1, 0)
	events, err := newPoller()
	if err != nil {
		return err
	}
	g := &generator{poller: events, in: make([]byte, chunk), groups: map[string][]*client{}}
	does := map[string]func(command) (answer, error){
		"open": g.open, "close": g.closeGroup, "talk": g.talk, "pace": g.pace, "push": g.push,
		"send": g.sendFast, "storm": g.storm, "comeback": g.comeback, "request": g.request,
	}
	lines := bufio.NewScanner(commands)
	for lines.Scan() {
		var next command
		if err := json.Unmarshal(lines.Bytes(), &next); err != nil {
			return err
		}
		do := does[next.Do]
		if do == nil {
			return fmt.Errorf("unknown command %q", next.Do)
		}
		result, err := do(next)
		if err != nil {
			result = answer{"error": fmt.Sprintf("%s: %v", next.Do, err)}
		}
		line, err := json.Marshal(result)
		if err != nil {
			return err
		}
		if _, err = answers.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return lines.Err()
}

// until handles events till the deadline, or till `done`; returns whether it is done.
func (g *generator) until(deadline time.Time, done func() bool) (bool, error) {
	for !done() {
		left := time.Until(deadline)
		if left <= 0 {
			return false, nil
		}
		if err := g.wait(left); err != nil {
			return false, err
		}
	}
	return true, nil
}

func never() bool { return false }

func afterMs(ms int) time.Time { return time.Now().Add(time.Duration(ms) * time.Millisecond) }

func since(began time.Time) float64 { return float64(time.Since(began).Microseconds()) / 1000 }

// observe gives the connections of a group to a measurement.
func (g *generator) observe(group string, o observer) ([]*client, error) {
	clients := g.groups[group]
	if len(clients) == 0 {
		return nil, fmt.Errorf("the group %q has no connections", group)
	}
	for i, c := range clients {
		c.observer, c.slot = o, i
	}
	return clients, nil
}
