// Clients of coder/websocket: clients EVERY_MS URL...; see programs.ts.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// Messages without an answer at most.
const ahead = 20

var (
	small                = []int{1, 7, 125, 126, 1000}
	large                = map[int]int{17: 65535, 34: 65536, 49: 262144}
	open, sent, received atomic.Int64
	calm                 atomic.Bool
	every                time.Duration
	mutex                sync.Mutex
	faults               = []string{}
)

func fault(text string) {
	mutex.Lock()
	defer mutex.Unlock()
	faults = append(faults, text)
}

func message(sender string, number int) (websocket.MessageType, []byte) {
	size, found := large[number%50]
	if !found {
		size = small[number%5]
	}
	unit := []byte(fmt.Sprintf("%s%d,", sender, number))
	kind := websocket.MessageText
	if number%3 == 0 {
		kind = websocket.MessageBinary
	}
	return kind, bytes.Repeat(unit, size/len(unit)+1)[:size]
}

func say(ctx context.Context, socket *websocket.Conn, number int) error {
	kind, body := message("c", number)
	if number%4 != 0 {
		return socket.Write(ctx, kind, body)
	}
	writer, err := socket.Writer(ctx, kind)
	if err != nil {
		return err
	}
	third := len(body) / 3
	for _, part := range [][]byte{body[:third], body[third:]} {
		if _, err := writer.Write(part); err != nil {
			return err
		}
	}
	return writer.Close()
}

func run(address string, index int) {
	ctx := context.Background()
	parsed, _ := url.Parse(address)
	first, _ := strconv.Atoi(parsed.Query().Get("first"))
	mode := websocket.CompressionDisabled
	if index%2 == 0 {
		mode = websocket.CompressionContextTakeover
	}
	options := &websocket.DialOptions{CompressionMode: mode, CompressionThreshold: 1}
	socket, _, err := websocket.Dial(ctx, address, options)
	if err != nil {
		fault(fmt.Sprintf("%s: %v", address, err))
		return
	}
	socket.SetReadLimit(-1)
	open.Add(1)
	var answered atomic.Int64
	go func() {
		for number := first; !calm.Load(); {
			time.Sleep(every)
			if calm.Load() || number-first-int(answered.Load()) >= ahead {
				continue
			}
			sent.Add(1)
			if number%10 == 0 {
				go socket.Ping(ctx)
			}
			if err := say(ctx, socket, number); err != nil {
				fault(fmt.Sprintf("%s: %v", address, err))
				return
			}
			number++
		}
	}()
	for number := first; ; number++ {
		kind, data, err := socket.Read(ctx)
		if err != nil {
			fault(fmt.Sprintf("%s: %v", address, err))
			return
		}
		if expectedKind, expected := message("n", number); kind != expectedKind || !bytes.Equal(data, expected) {
			fault(fmt.Sprintf("%s: message %d is %d bytes: %.60s", address, number, len(data), data))
		}
		answered.Add(1)
		received.Add(1)
	}
}

func main() {
	ms, _ := strconv.Atoi(os.Args[1])
	every = time.Duration(ms) * time.Millisecond
	for index, address := range os.Args[2:] {
		go run(address, index)
	}
	go func() {
		for range time.Tick(200 * time.Millisecond) {
			mutex.Lock()
			line, _ := json.Marshal(map[string]any{
				"open": open.Load(), "sent": sent.Load(), "received": received.Load(), "faults": faults,
			})
			faults = []string{}
			mutex.Unlock()
			fmt.Println(string(line))
		}
	}()
	lines := bufio.NewScanner(os.Stdin)
	lines.Scan()
	calm.Store(true)
	for lines.Scan() {
	}
}
