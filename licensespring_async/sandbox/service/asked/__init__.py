"""What a request asks: the call, who asks, and which license, device and feature it is about."""
