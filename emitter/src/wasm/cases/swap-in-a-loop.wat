(module
  (type (;0;) (func (param i32 i32 i32) (result i32)))
  (memory (;0;) 1)
  (export "memory" (memory 0))
  (export "_start" (func $main))
  (func $main (;0;) (type 0) (param i32 i32 i32) (result i32)
    loop ;; label = @1
      local.get 2
      i32.const 1
      i32.sub
      local.tee 2
      if ;; label = @2
        local.get 1
        local.get 0
        local.set 1
        local.set 0
        br 1 (;@1;)
      end
    end
    local.get 0
  )
  (@producers
    (processed-by "mochi-wasm" "0.1.0")
  )
)
