// Server and clients of HTTP in one process, over the loopback; listeners, unix sockets, UDP.
package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

func check(err error) {
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func web() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	mux := http.NewServeMux()
	mux.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello %s\n", r.URL.Query().Get("name"))
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		check(err)
		w.Write(body)
	})
	server := &http.Server{Handler: mux}
	done := make(chan error)
	go func() { done <- server.Serve(listener) }()
	base := "http://" + listener.Addr().String()
	var wait sync.WaitGroup
	answers := make([]string, 4)
	for i := range answers {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			response, err := http.Get(fmt.Sprintf("%s/hello?name=%d", base, i))
			check(err)
			body, err := io.ReadAll(response.Body)
			check(err)
			response.Body.Close()
			answers[i] = fmt.Sprint(response.StatusCode, " ", string(body))
		}(i)
	}
	wait.Wait()
	fmt.Print(strings.Join(answers, ""))
	response, err := http.Post(base+"/echo", "text/plain", strings.NewReader(strings.Repeat("x", 200000)))
	check(err)
	body, err := io.ReadAll(response.Body)
	check(err)
	fmt.Println("echo", len(body), response.Proto)
	response, err = http.Get(base + "/none")
	check(err)
	fmt.Println(response.Status)
	client := http.Client{Timeout: 50 * time.Millisecond}
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) { time.Sleep(time.Second) })
	_, err = client.Get(base + "/slow")
	fmt.Println("timeout", err != nil && os.IsTimeout(err))
	check(server.Close())
	fmt.Println(<-done)
	_, err = net.Dial("tcp", listener.Addr().String())
	fmt.Println(strings.Contains(err.Error(), "connection refused"))
}

func lines(network, address string) {
	listener, err := net.Listen(network, address)
	check(err)
	go func() {
		connection, err := listener.Accept()
		check(err)
		scanner := bufio.NewScanner(connection)
		for scanner.Scan() {
			fmt.Fprintln(connection, strings.ToUpper(scanner.Text()))
		}
		connection.Close()
	}()
	connection, err := net.Dial(network, listener.Addr().String())
	check(err)
	for _, word := range []string{"one", "two", "three"} {
		fmt.Fprintln(connection, word)
	}
	if half, ok := connection.(interface{ CloseWrite() error }); ok {
		check(half.CloseWrite())
	}
	text, err := io.ReadAll(connection)
	check(err)
	fmt.Println(network, strings.Fields(string(text)))
	check(listener.Close())
}

func packets(network, address string) {
	server, err := net.ListenPacket(network, address)
	check(err)
	client, err := net.Dial(network, server.LocalAddr().String())
	check(err)
	fmt.Fprint(client, "ping")
	buffer := make([]byte, 16)
	n, from, err := server.ReadFrom(buffer)
	check(err)
	_, err = server.WriteTo([]byte(strings.ToUpper(string(buffer[:n]))), from)
	check(err)
	n, err = client.Read(buffer)
	check(err)
	fmt.Println(network, string(buffer[:n]))
	check(client.SetReadDeadline(time.Now().Add(10 * time.Millisecond)))
	_, err = client.Read(buffer)
	fmt.Println(os.IsTimeout(err))
}

func main() {
	web()
	lines("tcp4", "127.0.0.1:0")
	lines("tcp6", "[::1]:0")
	lines("tcp", ":0")
	directory, err := os.MkdirTemp("", "sockets")
	check(err)
	lines("unix", filepath.Join(directory, "socket"))
	lines("unix", "@abstract")
	packets("udp4", "127.0.0.1:0")
	packets("udp6", "[::1]:0")
	interfaces, err := net.Interfaces()
	check(err)
	found := false
	for _, each := range interfaces {
		addresses, err := each.Addrs()
		check(err)
		if each.Name == "lo" {
			found = len(addresses) > 0 && addresses[0].String() == "127.0.0.1/8"
		}
	}
	fmt.Println("lo", found)
}
