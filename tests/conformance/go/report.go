package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// The lines that xtask reads; see ../README.md.

func reportClient(name, version string) {
	line(map[string]any{"client": name, "version": version})
}

// feature runs check and reports whether it failed; one that hangs is left behind.
func feature(name string, check func() error) {
	done := make(chan error, 1)
	go func() { done <- check() }()
	var err error
	select {
	case err = <-done:
	case <-time.After(30 * time.Second):
		err = fmt.Errorf("not done within 30 s")
	}
	note := ""
	if err != nil {
		note = err.Error()
	}
	line(map[string]any{"feature": name, "ok": err == nil, "note": note})
}

func line(value map[string]any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(os.Stdout, "%s\n", text)
}
