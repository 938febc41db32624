/// The answer to a client that speaks plain HTTP to the TLS port.
let plainHTTPAnswer: [UInt8] = {
    let body = "This port speaks TLS only: use https:// in the endpoint address.\n"
    let head =
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"
        + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n"
    return Array((head + body).utf8)
}()
